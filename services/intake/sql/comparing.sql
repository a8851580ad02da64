-- Statements by which the journal is held against its topic, and takes back what it lacks.

-- name: standing
-- Up to when was promised, and what the comparison found that holds for this server and these rows: null when there
-- is none, as after rows were restored while the server ran.
SELECT watermark.promised_at, comparison.lacks
FROM intake.watermark
LEFT JOIN intake.comparison ON comparison.topic = %(topic)s AND comparison.server = intake.server()
    AND comparison.written = comparison.xmin::text || '/' || intake.files()

-- name: epoch
SELECT epoch::text FROM intake.epochs ORDER BY number DESC LIMIT 1

-- name: begin_epoch
INSERT INTO intake.epochs (reason) VALUES (%(reason)s)

-- name: void_comparison
-- The row stays: that it holds no more tells the next comparison to begin at the beginning of the topic.
UPDATE intake.comparison SET written = ''

-- name: distrust_acknowledged
-- Where rows came back while the server ran, these need not have come with them: the offsets of the newer journal
-- would pass over what the older one lacks. Where rows are gone, they would pass over those.
DELETE FROM intake.acknowledged WHERE %(damaged)s OR EXISTS (
    SELECT FROM intake.comparison
    WHERE server = intake.server() AND written <> comparison.xmin::text || '/' || intake.files()
)

-- name: acknowledged
SELECT partition, next FROM intake.acknowledged WHERE topic = %(topic)s AND log = %(log)s

-- name: put_acknowledged
INSERT INTO intake.acknowledged (topic, partition, log, next)
SELECT %(topic)s, partition, %(log)s, next
FROM unnest(%(partitions)s::integer[], %(next)s::bigint[]) AS row (partition, next)
ON CONFLICT (topic, partition) DO UPDATE SET log = excluded.log, next = excluded.next

-- name: put_sent
-- After a comparison that found nothing lacking: what is there is what was sent, or is on its way.
WITH gone AS (
    DELETE FROM intake.sent WHERE NOT EXISTS (SELECT FROM intake.heads WHERE heads.scope = sent.scope)
)
INSERT INTO intake.sent (scope, seq) SELECT scope, seq FROM intake.heads
ON CONFLICT (scope) DO UPDATE SET seq = excluded.seq WHERE sent.seq <> excluded.seq

-- name: facts_at
-- What the journal has at the places of facts of the topic.
SELECT fact.id::text, fact.body
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[]) WITH ORDINALITY AS came (scope, seq, n)
LEFT JOIN LATERAL (
    SELECT id, body FROM intake.facts WHERE facts.scope = came.scope AND facts.seq = came.seq OFFSET 0
) AS fact ON true
ORDER BY came.n

-- name: all_offices
SELECT office, scope FROM intake.offices

-- name: put_comparison
INSERT INTO intake.comparison (topic, server, lacks) VALUES (%(topic)s, intake.server(), %(lacks)s)
ON CONFLICT (one) DO UPDATE SET topic = excluded.topic, server = excluded.server, lacks = excluded.lacks

-- name: sign_comparison
-- In the transaction of the row: no copy of it has the same one.
UPDATE intake.comparison SET written = xmin::text || '/' || intake.files()

-- name: forget_comparison
DELETE FROM intake.comparison

-- name: raise_watermark
UPDATE intake.watermark SET promised_at = %(watermark)s WHERE promised_at < %(watermark)s

-- name: drop_sent
-- What the outbox holds and the topic has: an outbox as old as its journal would send it all again.
WITH sent AS (
    SELECT * FROM unnest(%(scopes)s::text[], %(first)s::bigint[], %(last)s::bigint[]) AS row (scope, first, last)
), gone AS (
    DELETE FROM intake.outbox USING sent
    WHERE outbox.scope = sent.scope AND outbox.first_seq >= sent.first AND outbox.last_seq <= sent.last AND NOT outbox.again
)
UPDATE intake.outbox SET first_seq = sent.last + 1 FROM sent
WHERE outbox.scope = sent.scope AND outbox.first_seq BETWEEN sent.first AND sent.last AND outbox.last_seq > sent.last
      AND NOT outbox.again

-- name: note_taken_back
INSERT INTO intake.restorations (act, done_by, reached) VALUES ('taken_back', %(by)s, %(reached)s)

-- name: restorations
SELECT at, act, done_by, parts, backed_up_at, reached FROM intake.restorations ORDER BY number
