-- What a person asks. The days of the scopes come as parameters: each ends in the zone of its rulebook.

-- name: page
SELECT id, scope, customer, claim_seq, coalesce(detail->>'event', rung) AS step, audience, staff, owner, due_at, deadline, state, reason, rounds,
       superseded_at, done_at
FROM alerts
WHERE (%(everything)s::boolean
       OR alert_reached(id, scope, customer, staff, owner, %(scopes_reached)s::text[], %(office_scopes)s::text[],
                        %(offices)s::text[], %(own_scopes)s::text[], %(own)s::text[]))
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (NOT %(unreachable)s OR unreachable)
  AND (%(scope)s::text IS NULL OR scope = %(scope)s)
  AND (%(customer)s::text IS NULL OR customer = %(customer)s)
  AND (%(case)s::bytea IS NULL OR case_digest(customer) = %(case)s)
  AND (%(staff)s::text IS NULL OR staff = %(staff)s
       OR EXISTS (SELECT FROM attempts t WHERE t.alert = alerts.id AND t.recipient = %(staff)s))
  AND (%(channel)s::text IS NULL
       OR EXISTS (SELECT FROM attempts t WHERE t.alert = alerts.id AND t.channel = %(channel)s))
  AND (%(first)s::timestamptz IS NULL
       OR due_at >= %(first)s AND due_at < %(last)s
          AND due_at <@ coalesce((SELECT tstzrange(day.begins, day.ends)
                                  FROM unnest(%(scopes)s::text[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
                                       AS day (scope, begins, ends)
                                  WHERE day.scope = alerts.scope),
                                 tstzrange(%(begin)s, %(end)s)))
  AND (%(due)s::timestamptz IS NULL OR (due_at, id) < (%(due)s::timestamptz, %(id)s::uuid))
ORDER BY due_at DESC, id DESC
LIMIT %(limit)s

-- name: one
SELECT id, scope, customer, claim_seq, coalesce(detail->>'event', rung) AS step, audience, staff, owner, due_at, deadline, state, reason, rounds,
       superseded_at, done_at
FROM alerts
WHERE id = %(id)s
  AND (%(everything)s::boolean
       OR alert_reached(id, scope, customer, staff, owner, %(scopes_reached)s::text[], %(office_scopes)s::text[],
                        %(offices)s::text[], %(own_scopes)s::text[], %(own)s::text[]))

-- name: attempts_of
SELECT alert, number, channel, destination, recipient, digest, message, started_at, business_at, known_at, behind, answered_at, outcome,
       answer
FROM attempts WHERE alert = ANY(%(ids)s) ORDER BY alert, number

-- name: retry
-- Only what nothing tries any more, and whose claim is still what the alert says. What waits goes out with the others
-- of its message; what had been given up is a message of its own, whose key no receiver has seen.
UPDATE alerts a
SET state = 'failed', reason = 'retried by hand', unreachable = false, rounds = 0, retry_at = %(machine_now)s, done_at = NULL,
    digest = CASE WHEN a.retry_at IS NOT NULL THEN a.digest END, fresh_from = %(machine_now)s, waits_for = NULL, waits_on = '{}', limited = false,
    changed_at = clock_timestamp()
WHERE a.id = %(id)s AND a.lease IS NULL AND a.superseded_at IS NULL
  AND a.state IN ('dead', 'failed', 'unknown')
RETURNING a.id

-- name: dead
SELECT id FROM alerts WHERE state = 'dead' AND superseded_at IS NULL
  AND (%(scope)s::text IS NULL OR scope = %(scope)s) ORDER BY due_at, id

-- name: waiting
-- Why those that nobody was told of wait; held: nothing tries them by itself.
SELECT coalesce(waits_for, CASE WHEN retry_at IS NULL THEN 'held' ELSE 'down' END) AS waits_for, count(*) AS alerts
FROM alerts
WHERE state IN ('failed', 'unknown') AND superseded_at IS NULL GROUP BY 1

-- name: backlog
-- Figures for the metrics, each from its own partial index: what is due and not begun, how much of that and of what is
-- under way is late, what is tried again, what is under way, and what nothing tries any more. A process that was killed
-- has begun what nobody is told of: it counts as late until it is settled.
SELECT (SELECT count(*) FROM alerts WHERE state = 'due' AND lease IS NULL AND due_at <= %(business_now)s) AS due,
       (SELECT count(*) FROM alerts WHERE state = 'due' AND lease IS NULL AND due_at <= %(business_now)s - %(late)s)
       + (SELECT count(*) FROM alerts
          WHERE lease IS NOT NULL AND superseded_at IS NULL AND due_at <= %(business_now)s - %(late)s) AS late,
       (SELECT count(*) FROM alerts WHERE state IN ('failed', 'unknown') AND lease IS NULL AND retry_at IS NOT NULL) AS retrying,
       (SELECT count(*) FROM alerts WHERE lease IS NOT NULL) AS under_way,
       (SELECT count(*) FROM alerts WHERE state = 'dead' AND superseded_at IS NULL) AS dead

-- name: watermarks
SELECT topic, partition, next, watermark FROM positions ORDER BY topic, partition
