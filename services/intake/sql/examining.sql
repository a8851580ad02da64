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

-- name: changed_facts
-- Facts that are not what was taken, or of whose id another place, time or content is known. The fingerprints are made
-- before they are joined, so that no body is carried along.
SELECT scope, seq
FROM intake.event_ids AS known JOIN (
    SELECT scope, seq, id, recorded_at,
           intake.fact_print(scope, seq, id, type, recorded_at, body, contacts, traceparent) AS print
    FROM intake.facts OFFSET 0
) AS fact USING (scope, seq)
WHERE known.fingerprint <> fact.print # intake.id_print(known.digest, known.warnings)
      OR known.id <> fact.id OR known.recorded_at <> fact.recorded_at
ORDER BY scope, seq

-- name: uneven_tables
-- Scopes of which a side table has not as many rows as were put into it.
SELECT 'offices', scope, coalesce(tallies.offices, 0), coalesce(there.number, 0)
FROM intake.tallies FULL JOIN (SELECT scope, count(*) AS number FROM intake.offices GROUP BY scope) AS there USING (scope)
WHERE coalesce(tallies.offices, 0) <> coalesce(there.number, 0)
UNION ALL
SELECT 'staff', scope, coalesce(tallies.staff, 0), coalesce(there.number, 0)
FROM intake.tallies FULL JOIN (SELECT scope, count(*) AS number FROM intake.staff GROUP BY scope) AS there USING (scope)
WHERE coalesce(tallies.staff, 0) <> coalesce(there.number, 0)
UNION ALL
SELECT 'set_asides', scope, coalesce(tallies.set_asides, 0), coalesce(there.number, 0)
FROM intake.tallies FULL JOIN (SELECT scope, count(*) AS number FROM intake.set_asides GROUP BY scope) AS there USING (scope)
WHERE coalesce(tallies.set_asides, 0) <> coalesce(there.number, 0)
ORDER BY 1, 2

-- name: row_changes
-- What the server counts of rows that were deleted, and altered where nobody alters any, and the files of the tables:
-- while it stays the same, no row has gone. A rolled back deletion counts too. Of the server that counts, since when.
SELECT intake.server(), (SELECT stats_reset::text FROM pg_stat_database WHERE datname = current_database()),
       string_agg(
           concat_ws('/', relname, pg_relation_filenode(relid), n_tup_del,
                     CASE WHEN relname IN ('facts', 'event_ids', 'offices', 'set_asides') THEN n_tup_upd END),
           ' ' ORDER BY relname
       )
FROM pg_stat_user_tables
WHERE schemaname = 'intake'
      AND relname IN ('heads', 'facts', 'event_ids', 'offices', 'staff', 'set_asides', 'tallies')

-- name: astray_heads
-- Heads that are of another time than the fact at which they stand.
SELECT head.scope FROM intake.heads AS head JOIN intake.facts AS fact USING (scope, seq)
WHERE head.recorded_at <> fact.recorded_at ORDER BY head.scope

-- name: facts_without_id
SELECT count(*) FROM intake.facts AS fact
WHERE NOT EXISTS (SELECT FROM intake.event_ids AS known WHERE known.id = fact.id)
      AND NOT EXISTS (SELECT FROM intake.event_ids AS known WHERE known.scope = fact.scope AND known.seq = fact.seq)

-- name: some_facts_without_id
SELECT fact.scope, fact.seq, fact.id::text, fact.recorded_at, fact.body FROM intake.facts AS fact
WHERE NOT EXISTS (SELECT FROM intake.event_ids AS known WHERE known.id = fact.id)
      AND NOT EXISTS (SELECT FROM intake.event_ids AS known WHERE known.scope = fact.scope AND known.seq = fact.seq)
ORDER BY fact.scope, fact.seq LIMIT %(limit)s

-- name: insert_ids
INSERT INTO intake.event_ids (id, scope, seq, recorded_at, digest, fingerprint)
SELECT row.id, scope, seq, row.recorded_at, digest,
       intake.id_print(digest, NULL)
           # intake.fact_print(scope, seq, fact.id, type, fact.recorded_at, body, contacts, traceparent)
FROM unnest(%(ids)b::text[]::uuid[], %(scopes)b::text[], %(seqs)b::bigint[], %(recorded)b::timestamptz[],
            %(digests)b::bytea[]) AS row (id, scope, seq, recorded_at, digest)
JOIN intake.facts AS fact USING (scope, seq)

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
    FROM last WHERE head.scope = last.scope
        AND (head.seq < last.seq OR head.seq = last.seq AND head.recorded_at <> last.recorded_at)
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

-- name: facts_of_scopes
-- In the order of the journal.
SELECT scope, type, body FROM intake.facts WHERE scope = ANY(%(scopes)s::text[]) ORDER BY scope, seq

-- name: put_offices
INSERT INTO intake.offices (office, scope) SELECT * FROM unnest(%(offices)b::text[], %(scopes)b::text[])
ON CONFLICT (office) DO UPDATE SET scope = excluded.scope

-- name: put_tallies
-- As many as there are now; but what was set aside is in no fact, and fewer than there were stay told.
INSERT INTO intake.tallies (scope, offices, staff, set_asides)
SELECT scope,
       (SELECT count(*) FROM intake.offices WHERE offices.scope = asked.scope),
       (SELECT count(*) FROM intake.staff WHERE staff.scope = asked.scope),
       (SELECT count(*) FROM intake.set_asides WHERE set_asides.scope = asked.scope)
FROM unnest(%(scopes)s::text[]) AS asked (scope)
ON CONFLICT (scope) DO UPDATE SET offices = excluded.offices, staff = excluded.staff,
    set_asides = greatest(tallies.set_asides, excluded.set_asides)
