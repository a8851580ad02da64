-- What readers ask.

-- name: heads
-- Of each scope, how far it is taken; of all unless some are named.
SELECT scope, seq, partition, rulebook, (SELECT number FROM editions) AS edition FROM scopes
WHERE %(scopes)s::text[] IS NULL OR scope = ANY(%(scopes)s) ORDER BY scope

-- name: facts_after
SELECT seq, id, body, contacts FROM facts
WHERE scope = %(scope)s AND seq > %(after)s AND seq <= %(until)s ORDER BY seq LIMIT %(limit)s

-- name: facts_by_seq
SELECT seq, body FROM facts WHERE scope = %(scope)s AND seq = ANY(%(seqs)s) ORDER BY seq

-- name: scope_of_office
SELECT scope FROM offices WHERE office = %(office)s

-- name: offices_of_scope
SELECT office FROM offices WHERE scope = %(scope)s ORDER BY office

-- name: set_asides_of
SELECT id FROM set_asides WHERE scope = %(scope)s

-- name: set_asides
SELECT scope, id FROM set_asides ORDER BY scope, id

-- name: known_rulebooks
SELECT name, version, sha256 FROM rulebooks ORDER BY name, version

-- name: standing_scopes
SELECT count(*) FILTER (WHERE waits_since IS NOT NULL) AS waiting, count(*) FILTER (WHERE fork IS NOT NULL) AS forked,
       min(scope) FILTER (WHERE waits_since IS NOT NULL) AS first, min(scope) FILTER (WHERE fork IS NOT NULL) AS fork,
       (SELECT number FROM editions) AS edition
FROM scopes WHERE waits_since IS NOT NULL OR fork IS NOT NULL
