-- Statements by which the journal's tables are held against one another, and put right from the facts that are there.

-- name: torn_scopes
-- In one statement, so of one moment. Seqs have no gaps: as many facts as the last one's seq, which is the head's; and
-- nothing was sent that lies beyond.
SELECT scope, coalesce(head.seq, 0), coalesce(stored.last, 0)
FROM intake.heads AS head
FULL JOIN (SELECT scope, count(*) AS number, max(seq) AS last FROM intake.facts GROUP BY scope) AS stored USING (scope)
FULL JOIN intake.sent USING (scope)
WHERE head.seq IS DISTINCT FROM stored.number OR head.seq IS DISTINCT FROM stored.last
      OR sent.seq > coalesce(head.seq, 0)
ORDER BY scope

-- name: tables_agree
-- Whether there are as many ids as facts, and the outbox holds nothing beyond the heads.
SELECT (SELECT count(*) FROM intake.facts) = (SELECT count(*) FROM intake.event_ids)
       AND NOT EXISTS (
           SELECT FROM intake.outbox LEFT JOIN intake.heads USING (scope) WHERE last_seq > coalesce(heads.seq, 0)
       )

-- name: holes
-- Where a fact was and is none: between the facts of a scope, up to its head, under an id, and in the outbox.
WITH stored AS (
    SELECT scope, max(seq) AS last FROM intake.facts GROUP BY scope
), hole AS (
    SELECT scope, lag(seq, 1, 0) OVER (PARTITION BY scope ORDER BY seq) + 1 AS first, seq - 1 AS last
    FROM intake.facts WHERE scope = ANY(%(scopes)s::text[])
    UNION ALL
    SELECT scope, coalesce(stored.last, 0) + 1, head.seq FROM intake.heads AS head LEFT JOIN stored USING (scope)
    UNION ALL
    SELECT scope, seq, seq FROM intake.event_ids AS known
    WHERE NOT EXISTS (SELECT FROM intake.facts WHERE facts.scope = known.scope AND facts.seq = known.seq)
    UNION ALL
    SELECT scope, greatest(first_seq, coalesce(stored.last, 0) + 1), last_seq
    FROM intake.outbox LEFT JOIN stored USING (scope)
)
SELECT scope, first, last FROM hole WHERE first <= last ORDER BY scope, first

-- name: facts_without_id
SELECT count(*) FROM intake.facts AS fact WHERE NOT EXISTS (SELECT FROM intake.event_ids AS known WHERE known.id = fact.id)

-- name: some_facts_without_id
SELECT fact.scope, fact.seq, fact.id::text, fact.recorded_at, fact.body FROM intake.facts AS fact
WHERE NOT EXISTS (SELECT FROM intake.event_ids AS known WHERE known.id = fact.id)
ORDER BY fact.scope, fact.seq LIMIT %(limit)s

-- name: insert_ids
INSERT INTO intake.event_ids (id, scope, seq, recorded_at, digest)
SELECT id, scope, seq, recorded_at, digest
FROM unnest(%(ids)b::text[]::uuid[], %(scopes)b::text[], %(seqs)b::bigint[], %(recorded)b::timestamptz[],
            %(digests)b::bytea[]) AS row (id, scope, seq, recorded_at, digest)

-- name: forget_ids
-- Of facts that come back in the same transaction: their ids come with them.
DELETE FROM intake.event_ids WHERE id = ANY(%(ids)b::text[]::uuid[])

-- name: raise_heads
-- To the last fact of each scope; answers the scopes that had no head, of whose rulebook nothing is known here.
WITH last AS (
    SELECT DISTINCT ON (scope) scope, seq, recorded_at FROM intake.facts
    WHERE scope = ANY(%(scopes)s::text[]) ORDER BY scope, seq DESC
), raised AS (
    UPDATE intake.heads AS head SET seq = last.seq, recorded_at = last.recorded_at
    FROM last WHERE head.scope = last.scope AND head.seq < last.seq
)
INSERT INTO intake.heads (scope, seq, recorded_at, default_rulebook)
SELECT scope, seq, recorded_at, %(rulebook)s FROM last
WHERE NOT EXISTS (SELECT FROM intake.heads WHERE heads.scope = last.scope)
RETURNING scope

-- name: begin_under
UPDATE intake.heads SET default_rulebook = %(rulebook)s WHERE scope = %(scope)s

-- name: recorded_around
-- When the facts were recorded between which each of these places lies.
SELECT (SELECT recorded_at FROM intake.facts WHERE facts.scope = asked.scope AND facts.seq < asked.seq
        ORDER BY seq DESC LIMIT 1),
       (SELECT recorded_at FROM intake.facts WHERE facts.scope = asked.scope AND facts.seq > asked.seq
        ORDER BY seq LIMIT 1)
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[]) WITH ORDINALITY AS asked (scope, seq, n)
ORDER BY asked.n
