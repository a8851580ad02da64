-- Statements of the journal. Each is one round of a pipeline; none scans.

-- name: share_watermark
-- Held until commit: the watermark is promised only when no group is between its clock and its commit.
SELECT pg_advisory_xact_lock_shared(%(key)s)

-- name: lock_heads
-- In sorted order: two groups that share scopes would else deadlock.
SELECT scope, seq, recorded_at FROM intake.heads WHERE scope = ANY(%(scopes)s) ORDER BY scope FOR UPDATE

-- name: known_ids
SELECT id, scope, seq, recorded_at, digest FROM intake.event_ids WHERE id = ANY(%(ids)s::uuid[])

-- name: known_offices
SELECT office, scope FROM intake.offices WHERE office = ANY(%(offices)s)

-- name: promised_watermark
SELECT promised_at FROM intake.watermark

-- name: insert_facts
INSERT INTO intake.facts (scope, seq, id, type, recorded_at, body, contacts, traceparent)
SELECT * FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(ids)s::uuid[], %(types)s::text[],
                     %(recorded)s::timestamptz[], %(bodies)b::bytea[], %(contacts)b::bytea[], %(traces)s::text[])

-- name: insert_ids
INSERT INTO intake.event_ids (id, scope, seq, recorded_at, digest)
SELECT * FROM unnest(%(ids)s::uuid[], %(scopes)s::text[], %(seqs)s::bigint[], %(recorded)s::timestamptz[],
                     %(digests)b::bytea[])

-- name: insert_outbox
INSERT INTO intake.outbox (scope, seq)
SELECT scope, seq FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[]) WITH ORDINALITY AS row (scope, seq, n)
ORDER BY n

-- name: insert_heads
INSERT INTO intake.heads (scope, seq, recorded_at, default_rulebook)
SELECT scope, seq, recorded_at, %(rulebook)s
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(recorded)s::timestamptz[]) AS row (scope, seq, recorded_at)

-- name: update_heads
UPDATE intake.heads AS head SET seq = row.seq, recorded_at = row.recorded_at
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(recorded)s::timestamptz[]) AS row (scope, seq, recorded_at)
WHERE head.scope = row.scope

-- name: insert_offices
INSERT INTO intake.offices (office, scope) SELECT * FROM unnest(%(offices)s::text[], %(scopes)s::text[])

-- name: fact_by_id
SELECT fact.body FROM intake.event_ids AS known JOIN intake.facts AS fact USING (scope, seq) WHERE known.id = %(id)s

-- name: head
SELECT seq, recorded_at, default_rulebook FROM intake.heads WHERE scope = %(scope)s

-- name: export_scope
SELECT id, body FROM intake.facts WHERE scope = %(scope)s ORDER BY seq

-- name: declare_deployment
INSERT INTO intake.deployment (demonstration) VALUES (%(demonstration)s) ON CONFLICT DO NOTHING

-- name: deployment
SELECT demonstration FROM intake.deployment
