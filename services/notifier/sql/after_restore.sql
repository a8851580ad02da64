-- name: after_restore
-- What was due by now may have been sent since the backup: nothing of it goes out by itself. A reminder is left to the
-- next one of the same reader, and to nobody once its end has come; what is older than a day, nobody waits for.
UPDATE alerts a SET state = 'superseded', superseded_at = %(business_now)s, retry_at = NULL, lease = NULL,
    leased_until = NULL, done_at = %(business_now)s, changed_at = clock_timestamp(),
    reason = CASE WHEN a.due_at <= %(business_now)s - interval '1 day'
                  THEN 'restored from a backup: it may have been sent before'
                  ELSE 'its hour was over before the restore' END
WHERE a.state IN ('due', 'failed', 'unknown') AND a.superseded_at IS NULL AND a.due_at <= %(business_now)s
  AND (a.due_at <= %(business_now)s - interval '1 day'
       OR a.kind = 'claim' AND a.rung <> 'lapsed'
          AND (a.deadline <= %(business_now)s
               OR EXISTS (SELECT FROM alerts b
                          WHERE b.scope = a.scope AND b.customer = a.customer AND b.claim_seq = a.claim_seq
                            AND b.audience = a.audience AND b.kind = 'claim' AND b.superseded_at IS NULL
                            AND b.due_at > a.due_at)));
-- What nothing else will tell: a person decides.
UPDATE alerts SET state = 'dead', reason = 'restored from a backup: it may have been sent before', retry_at = NULL,
    lease = NULL, leased_until = NULL, changed_at = clock_timestamp()
WHERE state IN ('due', 'failed', 'unknown') AND superseded_at IS NULL AND due_at <= %(business_now)s;
-- Likewise what had been given up by then: a contact that was mended since may have woken it.
UPDATE alerts SET done_at = NULL WHERE state = 'dead' AND superseded_at IS NULL;
-- A call that was under way at the backup was answered to somebody whose rows are gone.
UPDATE attempts SET outcome = 'unknown' WHERE outcome IS NULL;
-- A schedule of reports begins with its next hour: those since the backup may have been sent.
DELETE FROM report_schedules;
UPDATE positions SET begun_at = %(business_now)s, again_until = 9223372036854775807
