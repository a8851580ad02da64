-- What was told to whom, and what became of it.

-- name: set_business_now
SELECT set_config('panke.business_now', %(business_now)s, true)

-- name: log_page
SELECT id, scope, customer, claim_seq, coalesce(detail->>'event', rung) AS step, audience, staff, owner, due_at, deadline,
       state, reason, made_at, made_business_at
FROM alerts
WHERE (%(everything)s::boolean
       OR alert_reached(id, scope, customer, staff, owner, %(scopes_reached)s::text[], %(office_scopes)s::text[],
                        %(offices)s::text[], %(own_scopes)s::text[], %(own)s::text[]))
  AND (%(customer)s::text IS NULL OR customer = %(customer)s)
  AND (%(case)s::bytea IS NULL OR case_digest(customer) = %(case)s)
  AND (%(scope)s::text IS NULL OR scope = %(scope)s)
  AND (%(claim_seq)s::bigint IS NULL OR claim_seq = %(claim_seq)s)
  AND (%(due)s::timestamptz IS NULL OR (due_at, id) > (%(due)s::timestamptz, %(id)s::uuid))
ORDER BY due_at, id
LIMIT %(limit)s

-- name: attempts_log
SELECT alert, number, channel, destination, recipient, digest, message, started_at, business_at, known_at, behind,
       answered_at, answered_business_at, outcome, answer
FROM attempts WHERE alert = ANY(%(ids)s) ORDER BY alert, number

-- name: transitions_log
SELECT alert, at, business_at, state, reason FROM transitions WHERE alert = ANY(%(ids)s) ORDER BY id

-- name: receipts_log
SELECT alert, number, status, told_at, answer, at, business_at FROM receipts WHERE alert = ANY(%(ids)s) ORDER BY id

-- name: lock_receipts
-- One after another: a report may come by itself and as an answer in the same moment. No row of an alert is locked for it.
SELECT pg_advisory_xact_lock(hashtext('panke.notifier.receipts'))

-- name: put_receipt
-- Of the message with the id that the provider gave, else with the key that we gave: the last attempt, but not one that
-- the provider has given another id. What is known already is not told again, in whatever words or at whatever time.
WITH told AS (
    SELECT DISTINCT ON (t.alert) t.alert, t.number
    FROM attempts t
    WHERE t.channel = ANY(%(channels)s)
      AND (t.alert = %(key)s::uuid OR t.digest = %(key)s::uuid OR t.provider_id = %(provider_id)s)
    ORDER BY t.alert, t.provider_id IS NOT DISTINCT FROM %(provider_id)s DESC, t.provider_id IS NULL DESC, t.number DESC
)
INSERT INTO receipts (alert, number, status, told_at, answer, at, business_at, open)
SELECT t.alert, t.number, %(status)s, %(told_at)s, %(answer)s, %(machine_now)s, %(business_now)s, true FROM told t
WHERE NOT EXISTS (
    SELECT FROM receipts r WHERE r.alert = t.alert AND r.number = t.number AND r.status = %(status)s)
ON CONFLICT (alert, number, status, told_at) DO NOTHING
RETURNING alert

-- name: put_early_report
-- By its number alone, and the answer that tells the number may still come: kept while a call waits for one.
INSERT INTO early_reports (channel, provider_id, status, told_at, answer, at, business_at)
SELECT came.channel, %(provider_id)s, %(status)s, %(told_at)s, %(answer)s, %(machine_now)s, %(business_now)s
FROM unnest(%(channels)s::text[]) AS came (channel)
WHERE EXISTS (SELECT FROM attempts t
              WHERE t.channel = came.channel AND (t.outcome IS NULL OR t.outcome = 'unknown')
                AND t.started_at > %(machine_now)s - %(early)s::interval)
  AND NOT EXISTS (SELECT FROM attempts t WHERE t.channel = came.channel AND t.provider_id = %(provider_id)s)
ON CONFLICT DO NOTHING

-- name: forget_early_reports
DELETE FROM early_reports WHERE at < %(machine_now)s - %(early)s::interval
