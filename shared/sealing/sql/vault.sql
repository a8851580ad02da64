-- Statements of the vault, each over many people at a time.

-- name: find_people
SELECT row.n, person.id, person.wrapping, person.wrapped_key
FROM unnest(%(scopes)s::text[], %(versions)s::text[], %(indexes)s::bytea[]) WITH ORDINALITY
    AS row (scope, index_version, index, n)
JOIN vault.people AS person USING (scope, index_version, index)

-- name: put_people
INSERT INTO vault.people (id, scope, index_version, index, wrapping, wrapped_key, contact)
SELECT * FROM unnest(%(ids)s::text[], %(scopes)s::text[], %(versions)s::text[], %(indexes)s::bytea[],
                     %(wrappings)s::text[], %(wrapped)s::bytea[], %(contacts)s::text[])
ON CONFLICT DO NOTHING
RETURNING id

-- name: people
SELECT id, scope, wrapping, wrapped_key, contact FROM vault.people WHERE id = ANY(%(ids)s::text[])

-- name: people_there
SELECT id FROM vault.people WHERE id = ANY(%(ids)s::text[])

-- name: erasures
SELECT number FROM vault.erasures

-- name: hold_erasures
-- While a group is sealed and journalled, nobody of it can be erased; an erasure waits for it to end.
SELECT pg_advisory_lock_shared(%(key)s)

-- name: let_erasures
SELECT pg_advisory_unlock_shared(%(key)s)

-- name: lock_erasures
SELECT pg_advisory_xact_lock(%(key)s)

-- name: erase_people
WITH gone AS (DELETE FROM vault.people WHERE id = ANY(%(ids)s::text[]) RETURNING id), noted AS (
    UPDATE vault.erasures SET number = number + 1
)
SELECT id FROM gone

-- name: bytes_of_people
SELECT pg_relation_size('vault.people')

-- name: scrub_at_once
-- Writes the table anew, without what was deleted; intake waits for it.
VACUUM FULL vault.people

-- name: scrub
VACUUM vault.people

-- name: fingerprints
SELECT name, fingerprint FROM vault.keys

-- name: may_note
SELECT has_table_privilege('vault.keys', 'INSERT')

-- name: put_fingerprints
INSERT INTO vault.keys (name, fingerprint) SELECT * FROM unnest(%(names)s::text[], %(fingerprints)s::text[])
ON CONFLICT DO NOTHING

-- name: drop_fingerprint
DELETE FROM vault.keys WHERE name = %(name)s

-- name: count_by_keys
SELECT wrapping, index_version, count(*) FROM vault.people GROUP BY 1, 2 ORDER BY 1, 2

-- name: some_of_other_keys
-- Those that stand under former keys, in the order of their ids.
SELECT id, scope, wrapping, wrapped_key, contact FROM vault.people
WHERE id > %(after)s AND (wrapping <> %(wrapping)s OR index_version <> %(index_version)s)
ORDER BY id LIMIT %(limit)s FOR UPDATE

-- name: put_rotated
UPDATE vault.people AS person
SET wrapping = row.wrapping, wrapped_key = row.wrapped_key, index_version = row.index_version, index = row.index
FROM unnest(%(ids)s::text[], %(wrappings)s::text[], %(wrapped)s::bytea[], %(versions)s::text[], %(indexes)s::bytea[])
    AS row (id, wrapping, wrapped_key, index_version, index)
WHERE person.id = row.id

-- name: hold_people
-- Until commit nobody is written: who counts by keys sees everybody.
LOCK TABLE vault.people IN SHARE MODE
