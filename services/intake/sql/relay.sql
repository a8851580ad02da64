-- Statements of the relay. It reads the outbox from its beginning and deletes what was acknowledged:
-- without a cursor no row that becomes visible late can be skipped.

-- name: unsent
-- The rows that begin within the limit, whole, and their facts by key: as a plain join it is planned as a hash of
-- the whole journal while that is small. A row may go once its last fact is acknowledged.
SELECT CASE WHEN fact.seq = unsent.last_seq THEN unsent.position END,
       fact.scope, fact.seq, fact.body, fact.contacts, fact.traceparent,
       CASE WHEN fact.seq = 1
            THEN (SELECT default_rulebook FROM intake.heads WHERE heads.scope = unsent.scope) END
FROM (
    SELECT position, scope, first_seq, last_seq,
           sum(last_seq - first_seq + 1) OVER (ORDER BY position) - (last_seq - first_seq + 1) AS before
    FROM (SELECT * FROM intake.outbox ORDER BY position LIMIT %(limit)s) AS oldest
) AS unsent
CROSS JOIN LATERAL (
    SELECT * FROM intake.facts
    WHERE facts.scope = unsent.scope AND facts.seq BETWEEN unsent.first_seq AND unsent.last_seq
    OFFSET 0
) AS fact
WHERE unsent.before < %(limit)s
ORDER BY unsent.position, fact.seq

-- name: delete_sent
-- With how far the topic is acknowledged and each scope was sent, in one transaction: what was sent and not yet deleted
-- lies behind that.
WITH gone AS (
    DELETE FROM intake.outbox WHERE position = ANY(%(positions)s::bigint[]) RETURNING scope, last_seq
), reached AS (
    INSERT INTO intake.sent (scope, seq) SELECT scope, max(last_seq) FROM gone GROUP BY scope
    ON CONFLICT (scope) DO UPDATE SET seq = excluded.seq WHERE sent.seq < excluded.seq
)
INSERT INTO intake.acknowledged (topic, partition, log, next)
SELECT %(topic)s, partition, %(log)s, next
FROM unnest(%(partitions)s::integer[], %(next)s::bigint[]) AS row (partition, next)
ON CONFLICT (topic, partition) DO UPDATE SET log = excluded.log, next = excluded.next

-- name: exclude_groups
-- Waits for every group that holds the lock shared; later groups wait for this short transaction.
SELECT pg_advisory_xact_lock(%(key)s)

-- name: promise_watermark
UPDATE intake.watermark SET promised_at = %(watermark)s

-- name: backlog
-- Counted over so many rows at most as there may be facts, so that a long backlog costs no more than a short one.
SELECT (SELECT coalesce(sum(last_seq - first_seq + 1), 0)::bigint
        FROM (SELECT first_seq, last_seq FROM intake.outbox WHERE NOT again LIMIT %(limit)s) AS counted),
       (SELECT extract(epoch FROM clock_timestamp() - enqueued_at)::float8
        FROM intake.outbox ORDER BY position LIMIT 1)

-- name: lock_head
SELECT seq FROM intake.heads WHERE scope = %(scope)s FOR UPDATE

-- name: forget_unsent
DELETE FROM intake.outbox WHERE scope = %(scope)s AND first_seq >= %(first)s

-- name: mark_again
-- Sent again on purpose: a comparison that finds the topic to have them leaves them in the outbox.
UPDATE intake.outbox SET again = true WHERE scope = %(scope)s AND first_seq >= %(first)s

-- name: shorten_unsent
UPDATE intake.outbox SET last_seq = %(first)s - 1
WHERE scope = %(scope)s AND first_seq < %(first)s AND last_seq >= %(first)s

-- name: kept_topic
SELECT cluster, topic_id, firsts, ends FROM intake.kept_topics WHERE topic = %(topic)s

-- name: keep_topic
INSERT INTO intake.kept_topics (topic, cluster, topic_id, firsts, ends)
VALUES (%(topic)s, %(cluster)s, %(id)s, %(firsts)s, %(ends)s)
ON CONFLICT (topic) DO UPDATE SET cluster = excluded.cluster, topic_id = excluded.topic_id, firsts = excluded.firsts,
    ends = excluded.ends

-- name: lock_all_heads
-- No fact is journalled while everything is queued again: its range would come before what precedes it.
SELECT scope, seq FROM intake.heads ORDER BY scope FOR UPDATE

-- name: forget_all_unsent
DELETE FROM intake.outbox

-- name: refill
INSERT INTO intake.outbox (scope, first_seq, last_seq, again)
SELECT scope, first, least(first + %(range)s - 1, seq), true
FROM intake.heads CROSS JOIN LATERAL generate_series(1, seq, %(range)s::bigint) AS first
ORDER BY scope, first
