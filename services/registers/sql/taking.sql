-- How facts come in: a batch and the position are one transaction.

-- name: scopes_of
SELECT scope, seq, waits_since IS NOT NULL AS waits, fork FROM scopes WHERE scope = ANY(%(scopes)s)

-- name: put_facts
INSERT INTO facts (scope, seq, id, recorded_at, body, contacts)
SELECT * FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(ids)s::text[], %(recorded)s::timestamptz[],
                     %(bodies)s::bytea[], %(contacts)s::bytea[])

-- name: put_scopes
INSERT INTO scopes (scope, seq, partition, rulebook, waits_since, fork)
SELECT scope, seq, %(partition)s, rulebook, CASE WHEN waits THEN clock_timestamp() END, fork
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(rulebooks)s::text[], %(waits)s::boolean[], %(forks)s::bigint[])
     AS row (scope, seq, rulebook, waits, fork)
ON CONFLICT (scope) DO UPDATE
SET seq = excluded.seq, partition = excluded.partition, fork = excluded.fork,
    rulebook = coalesce(scopes.rulebook, excluded.rulebook),
    waits_since = CASE WHEN excluded.waits_since IS NULL THEN NULL
                       ELSE coalesce(scopes.waits_since, excluded.waits_since) END

-- name: put_offices
INSERT INTO offices (office, scope) SELECT * FROM unnest(%(offices)s::text[], %(scopes)s::text[])
ON CONFLICT (office) DO NOTHING

-- name: other_facts
-- Of facts that come again, those of which another one stands here.
SELECT row.scope, row.seq
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(bodies)s::bytea[]) AS row (scope, seq, body)
JOIN facts ON facts.scope = row.scope AND facts.seq = row.seq
WHERE facts.body <> row.body
ORDER BY row.scope, row.seq

-- name: put_set_asides
INSERT INTO set_asides (scope, id) SELECT * FROM unnest(%(scopes)s::text[], %(ids)s::text[])
ON CONFLICT DO NOTHING

-- name: put_rulebooks
INSERT INTO rulebooks (name, version, sha256)
SELECT * FROM unnest(%(names)s::text[], %(versions)s::integer[], %(digests)s::text[])
ON CONFLICT (name, version) DO UPDATE SET sha256 = excluded.sha256 WHERE rulebooks.sha256 <> excluded.sha256

-- name: empty_facts
-- Begins anew: everything is read from the topic again.
TRUNCATE scopes, facts, offices, positions

-- name: count_facts
SELECT count(*) AS scopes, coalesce(sum(seq), 0)::bigint AS facts FROM scopes

-- name: next_edition
UPDATE editions SET number = number + 1
