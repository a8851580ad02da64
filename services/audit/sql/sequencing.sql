-- How facts come to their index: a batch, the right edge of the tree and the position are one transaction.

-- name: without_waiting
-- What a crash of the server takes is read from the topic again, with its position; nothing is signed before `flush`.
SET LOCAL synchronous_commit = off

-- name: lock_tree
SELECT size, peaks FROM tree FOR UPDATE

-- name: put_tree
UPDATE tree SET size = %(size)s, peaks = %(peaks)s

-- name: scopes_of
SELECT scope, seq, waits_since IS NOT NULL, fork FROM scopes WHERE scope = ANY(%(scopes)s)

-- name: put_scopes
INSERT INTO scopes (scope, seq, waits_since, fork)
SELECT scope, seq, CASE WHEN waits THEN clock_timestamp() END, fork
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(waits)s::boolean[], %(forks)s::bigint[])
     AS row (scope, seq, waits, fork)
ON CONFLICT (scope) DO UPDATE
SET seq = excluded.seq, fork = excluded.fork,
    waits_since = CASE WHEN excluded.waits_since IS NULL THEN NULL
                       ELSE coalesce(scopes.waits_since, excluded.waits_since) END

-- name: put_entries
INSERT INTO entries (index, kind, scope, seq, leaf, entry, clear)
SELECT * FROM unnest(%(indexes)s::bigint[], %(kinds)s::text[], %(scopes)s::text[], %(seqs)s::bigint[],
                     %(leaves)s::bytea[], %(entries)s::bytea[], %(clear)s::boolean[])

-- name: put_body
INSERT INTO bodies (sha256, body, clear) VALUES (%(sha256)s, %(body)s, %(clear)s) ON CONFLICT (sha256) DO NOTHING

-- name: other_facts
-- Of facts that come again, those of which the log has another one.
SELECT row.scope, row.seq
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(leaves)s::bytea[]) AS row (scope, seq, leaf)
JOIN entries ON entries.kind = 'fact' AND entries.scope = row.scope AND entries.seq = row.seq
WHERE entries.leaf <> row.leaf
ORDER BY row.scope, row.seq

-- name: has_leaf
SELECT index FROM entries WHERE kind <> 'fact' AND leaf = %(leaf)s

-- name: standing_scopes
SELECT count(*) FILTER (WHERE waits_since IS NOT NULL), count(*) FILTER (WHERE fork IS NOT NULL),
       min(scope) FILTER (WHERE waits_since IS NOT NULL), min(scope) FILTER (WHERE fork IS NOT NULL)
FROM scopes WHERE waits_since IS NOT NULL OR fork IS NOT NULL

-- name: scopes_that_stand
SELECT scope, seq, waits_since, fork FROM scopes
WHERE waits_since IS NOT NULL OR fork IS NOT NULL ORDER BY scope LIMIT 1000

-- name: resume_scope
UPDATE scopes SET fork = NULL WHERE scope = %(scope)s AND fork IS NOT NULL
