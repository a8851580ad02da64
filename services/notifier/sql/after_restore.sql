-- name: after_restore
-- What was due by now may have been sent since the backup: a person decides, and nothing of it goes out by itself.
UPDATE alerts SET state = 'dead', reason = 'restored from a backup: it may have been sent before', retry_at = NULL,
    lease = NULL, leased_until = NULL, changed_at = clock_timestamp()
WHERE state IN ('due', 'failed', 'unknown') AND superseded_at IS NULL AND due_at <= %(business_now)s;
-- Likewise what had been given up by then: a contact that was mended since may have woken it.
UPDATE alerts SET done_at = NULL WHERE state = 'dead' AND superseded_at IS NULL;
UPDATE positions SET begun_at = %(business_now)s, again_until = 9223372036854775807
