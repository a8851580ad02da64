-- Statements of the relay. It reads the outbox from its beginning and deletes what was acknowledged:
-- without a cursor no row that becomes visible late can be skipped.

-- name: unsent
-- Each row by the key of its fact: as a plain join it is planned as a hash of the whole journal while that is small.
SELECT unsent.position, fact.scope, fact.seq, fact.id::text, fact.recorded_at, fact.body, fact.contacts, fact.traceparent,
       head.default_rulebook
FROM (SELECT position, scope, seq FROM intake.outbox ORDER BY position LIMIT %(limit)s) AS unsent
CROSS JOIN LATERAL (
    SELECT * FROM intake.facts WHERE facts.scope = unsent.scope AND facts.seq = unsent.seq LIMIT 1
) AS fact
CROSS JOIN LATERAL (SELECT default_rulebook FROM intake.heads WHERE heads.scope = unsent.scope LIMIT 1) AS head
ORDER BY unsent.position

-- name: delete_sent
DELETE FROM intake.outbox WHERE position = ANY(%(positions)s::bigint[])

-- name: last_position
SELECT max(position) FROM intake.outbox

-- name: exclude_groups
-- Waits for every group that holds the lock shared; later groups wait for this short transaction.
SELECT pg_advisory_xact_lock(%(key)s)

-- name: promise_watermark
UPDATE intake.watermark SET promised_at = %(watermark)s

-- name: backlog
-- Counted up to the limit only, so that a long backlog costs no more than a short one.
SELECT (SELECT count(*) FROM (SELECT 1 FROM intake.outbox LIMIT %(limit)s) AS counted),
       (SELECT extract(epoch FROM clock_timestamp() - enqueued_at)::float8
        FROM intake.outbox ORDER BY position LIMIT 1)

-- name: lock_head
SELECT seq FROM intake.heads WHERE scope = %(scope)s FOR UPDATE

-- name: forget_unsent
DELETE FROM intake.outbox WHERE scope = %(scope)s AND seq >= %(first)s

-- name: enqueue_again
INSERT INTO intake.outbox (scope, seq)
SELECT scope, seq FROM intake.facts WHERE scope = %(scope)s AND seq >= %(first)s ORDER BY seq
