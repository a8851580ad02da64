-- What may have arrived and what was reported as failed, before an alert is tried again. Machine times are given.

-- name: keep_leases
-- The dispatcher that has them is alive. They end at one moment, as they began.
UPDATE alerts SET leased_until = greatest(leased_until, now() + %(term)s)
WHERE id = ANY(%(ids)s) AND lease = ANY(%(leases)s)

-- name: tried
-- The calls of these alerts after which nobody can say that nobody was told, and those whose message was reported as
-- failed; since a person last had them tried again.
SELECT DISTINCT t.channel, t.destination, coalesce(t.digest, t.alert) AS key, t.started_at,
       t.outcome = 'unknown' AND NOT t.server_failed AS unanswered, f.alert IS NOT NULL AS reported,
       t.outcome = 'unknown' AND t.server_failed AS server_failed
FROM attempts t
JOIN alerts a ON a.id = t.alert
LEFT JOIN receipts f ON f.alert = t.alert AND f.number = t.number AND f.status = 'failed'
WHERE t.alert = ANY(%(ids)s) AND t.started_at >= coalesce(a.fresh_from, '-infinity')
  AND (t.outcome = 'unknown' OR f.alert IS NOT NULL)
ORDER BY t.started_at

-- name: resolve_attempts
-- What the provider knows of a call whose answer was lost.
UPDATE attempts t
SET outcome = %(outcome)s, answer = %(answer)s, answered_at = %(machine_now)s, answered_business_at = %(business_now)s
WHERE t.alert = ANY(%(ids)s) AND t.channel = %(channel)s AND t.started_at = %(started_at)s AND t.outcome = 'unknown'

-- name: failed_by_answer
-- A provider that is asked and says that it failed has reported it.
INSERT INTO receipts (alert, number, status, told_at, answer, at, business_at)
SELECT t.alert, t.number, 'failed', %(told_at)s, %(answer)s, %(machine_now)s, %(business_now)s FROM attempts t
WHERE t.alert = ANY(%(ids)s) AND t.channel = %(channel)s AND t.started_at = %(started_at)s
ON CONFLICT (alert, number, status, told_at) DO NOTHING

-- name: open_receipts
SELECT EXISTS (SELECT FROM receipts WHERE open)
       OR EXISTS (SELECT FROM early_reports e JOIN attempts t ON t.channel = e.channel AND t.provider_id = e.provider_id) AS any

-- name: adopt_early_reports
-- The answer has come that tells of which call they speak.
WITH gone AS (
    DELETE FROM early_reports e
    WHERE EXISTS (SELECT FROM attempts t WHERE t.channel = e.channel AND t.provider_id = e.provider_id)
    RETURNING *
), found AS (
    SELECT t.alert, t.number, g.status, g.told_at, g.answer, g.at, g.business_at
    FROM gone g JOIN attempts t ON t.channel = g.channel AND t.provider_id = g.provider_id
)
INSERT INTO receipts (alert, number, status, told_at, answer, at, business_at, open)
SELECT f.alert, f.number, f.status, f.told_at, f.answer, f.at, f.business_at, true FROM found f
WHERE NOT EXISTS (SELECT FROM receipts r WHERE r.alert = f.alert AND r.number = f.number AND r.status = f.status)
ON CONFLICT (alert, number, status, told_at) DO NOTHING

-- name: claim_receipts
-- Reports to look at, but those of alerts that are under way: their round ends first.
SELECT r.id, r.alert, r.status, r.answer, t.channel
FROM receipts r
JOIN attempts t ON t.alert = r.alert AND t.number = r.number
JOIN alerts a ON a.id = r.alert
WHERE r.open AND a.lease IS NULL
ORDER BY r.id
LIMIT %(limit)s
FOR UPDATE OF r, a SKIP LOCKED

-- name: close_receipts
UPDATE receipts SET open = false WHERE id = ANY(%(ids)s)

-- name: reported_failed
-- Nobody has been told after all: the next channel is taken, while there is time. Another call that got through, or
-- a report that it arrived, stands against it.
UPDATE alerts a
SET state = CASE WHEN is_over THEN 'dead' ELSE 'failed' END,
    reason = CASE WHEN is_over THEN 'deadline passed: ' ELSE '' END || %(reason)s,
    retry_at = CASE WHEN NOT is_over THEN %(machine_now)s::timestamptz END,
    done_at = CASE WHEN is_over THEN %(business_now)s::timestamptz END,
    waits_for = CASE WHEN NOT is_over THEN 'reported' END, waits_on = '{}', limited = false, digest = NULL,
    changed_at = clock_timestamp()
FROM (SELECT b.id, b.kind = 'claim' AND b.rung <> 'lapsed' AND b.deadline <= %(business_now)s AS is_over
      FROM alerts b WHERE b.id = %(alert)s) AS v
WHERE a.id = v.id AND a.state = 'sent' AND a.superseded_at IS NULL
  AND NOT EXISTS (SELECT FROM attempts t
                  WHERE t.alert = a.id AND t.outcome = 'sent'
                    AND NOT EXISTS (SELECT FROM receipts r
                                    WHERE r.alert = t.alert AND r.number = t.number AND r.status = 'failed'))
  AND NOT EXISTS (SELECT FROM receipts r WHERE r.alert = a.id AND r.status IN ('delivered', 'read'))

-- name: reported_told
-- What nobody knew has arrived.
UPDATE alerts
SET state = 'sent', reason = %(reason)s, retry_at = NULL, done_at = %(business_now)s, waits_for = NULL, waits_on = '{}',
    limited = false, unreachable = false, changed_at = clock_timestamp()
WHERE id = %(alert)s AND state IN ('failed', 'unknown', 'dead')

-- name: wake_waiting
-- A channel does its work again: what waited for that is tried at once.
UPDATE alerts SET retry_at = %(now)s
WHERE state = 'failed' AND lease IS NULL AND NOT limited AND retry_at > %(now)s AND waits_on @> ARRAY[%(channel)s::text]

-- name: wake_given_up
-- Who can be reached, and by what, has changed: what was given up for a person, or since nobody could be told, is tried
-- once more while it still holds. What nobody here has given up (it may have been sent before a restore) has no `done_at`
-- and is left to a person.
UPDATE alerts
SET state = 'failed', reason = 'tried again: who can be reached has changed', unreachable = false, limited = false,
    retry_at = clock_timestamp(), done_at = NULL, waits_for = NULL, waits_on = '{}', changed_at = clock_timestamp()
WHERE state = 'dead' AND superseded_at IS NULL AND lease IS NULL AND done_at IS NOT NULL
  AND CASE WHEN kind = 'claim' AND rung <> 'lapsed' THEN deadline > %(business_now)s
           ELSE due_at > %(business_now)s - %(told_within)s END
  AND (staff = %(staff)s OR unreachable AND (%(scope)s::text IS NULL OR scope = %(scope)s))

-- name: forget_breakers
-- A start is how a secret or an address is changed; what a receiver has asked for is kept.
DELETE FROM breakers WHERE NOT held OR open_until <= %(now)s

-- name: wake_all
-- Likewise what channels have refused, and what a channel has left unknown that is no longer there.
UPDATE alerts a SET retry_at = %(now)s
WHERE a.lease IS NULL AND a.superseded_at IS NULL
  AND (a.state = 'failed' AND NOT a.limited AND a.retry_at > %(now)s AND a.waits_on <> '{}'
       OR a.state = 'unknown' AND a.retry_at IS NULL
          AND NOT EXISTS (SELECT FROM attempts t
                          WHERE t.alert = a.id AND t.outcome = 'unknown' AND t.channel = ANY(%(hold)s)))
