-- Statements of the journal. Each is one round of a pipeline; none scans.

-- name: share_watermark
-- Held until commit: the watermark is promised only when no group is between its clock and its commit.
SELECT pg_advisory_xact_lock_shared(%(key)s)

-- name: lock_heads
-- In sorted order: two groups that share scopes would else deadlock.
SELECT scope, seq, recorded_at FROM intake.heads WHERE scope = ANY(%(scopes)b::text[]) ORDER BY scope FOR UPDATE

-- name: known_ids
SELECT id::text, scope, seq, recorded_at, warnings, digest FROM intake.event_ids WHERE id = ANY(%(ids)b::text[]::uuid[])

-- name: known_staff
-- Those who are named, and the scopes in which anybody is enrolled.
SELECT scope, staff, departed_at
FROM unnest(%(scopes)b::text[], %(staff)b::text[]) AS named (scope, staff) JOIN intake.staff USING (scope, staff)
UNION ALL
SELECT scope, NULL, NULL FROM unnest(%(all)b::text[]) AS asked (scope)
WHERE EXISTS (SELECT FROM intake.staff WHERE staff.scope = asked.scope)

-- name: put_staff
-- Counted are those whom the table does not have yet, as the statement finds it.
WITH row AS (
    SELECT * FROM unnest(%(scopes)b::text[], %(staff)b::text[], %(departed)b::timestamptz[])
        AS row (scope, staff, departed_at)
), put AS (
    INSERT INTO intake.staff (scope, staff, departed_at) SELECT scope, staff, departed_at FROM row
    ON CONFLICT (scope, staff) DO UPDATE SET departed_at = excluded.departed_at
)
INSERT INTO intake.tallies (scope, staff)
SELECT scope, count(*) FROM row
WHERE NOT EXISTS (SELECT FROM intake.staff WHERE staff.scope = row.scope AND staff.staff = row.staff)
GROUP BY scope
ON CONFLICT (scope) DO UPDATE SET staff = tallies.staff + excluded.staff

-- name: known_offices
SELECT office, scope FROM intake.offices WHERE office = ANY(%(offices)b::text[])

-- name: promised_watermark
SELECT promised_at FROM intake.watermark

-- name: insert_facts
-- The rows go over once, in binary, and to both tables: turning them into text would cost the most of all.
WITH row AS (
    SELECT * FROM unnest(%(scopes)b::text[], %(seqs)b::bigint[], %(ids)b::text[]::uuid[], %(types)b::text[],
                         %(recorded)b::timestamptz[], %(digests)b::bytea[], %(bodies)b::bytea[],
                         %(contacts)b::bytea[], %(traces)b::text[], %(warnings)b::bytea[])
        AS row (scope, seq, id, type, recorded_at, digest, body, contacts, traceparent, warnings)
), facts AS (
    INSERT INTO intake.facts (scope, seq, id, type, recorded_at, body, contacts, traceparent)
    SELECT scope, seq, id, type, recorded_at, body, contacts, traceparent FROM row
)
INSERT INTO intake.event_ids (id, scope, seq, recorded_at, digest, warnings, fingerprint)
SELECT id, scope, seq, recorded_at, digest, warnings,
       intake.id_print(digest, warnings)
           # intake.fact_print(scope, seq, id, type, recorded_at, body, contacts, traceparent)
FROM row

-- name: enqueue
-- Ranges of one scope in order: positions are drawn in the order of the rows.
INSERT INTO intake.outbox (scope, first_seq, last_seq)
SELECT scope, first_seq, last_seq
FROM unnest(%(scopes)b::text[], %(first)b::bigint[], %(last)b::bigint[])
    WITH ORDINALITY AS row (scope, first_seq, last_seq, n)
ORDER BY n

-- name: insert_heads
INSERT INTO intake.heads (scope, seq, recorded_at, default_rulebook)
SELECT scope, seq, recorded_at, rulebook
FROM unnest(%(scopes)b::text[], %(seqs)b::bigint[], %(recorded)b::timestamptz[], %(rulebooks)s::text[])
    AS row (scope, seq, recorded_at, rulebook)

-- name: update_heads
UPDATE intake.heads AS head SET seq = row.seq, recorded_at = row.recorded_at
FROM unnest(%(scopes)b::text[], %(seqs)b::bigint[], %(recorded)b::timestamptz[])
    AS row (scope, seq, recorded_at)
WHERE head.scope = row.scope

-- name: insert_offices
WITH made AS (
    INSERT INTO intake.offices (office, scope) SELECT * FROM unnest(%(offices)b::text[], %(scopes)b::text[])
    RETURNING scope
)
INSERT INTO intake.tallies (scope, offices) SELECT scope, count(*) FROM made GROUP BY scope
ON CONFLICT (scope) DO UPDATE SET offices = tallies.offices + excluded.offices

-- name: fact_by_id
SELECT fact.body FROM intake.event_ids AS known JOIN intake.facts AS fact USING (scope, seq) WHERE known.id = %(id)s::uuid

-- name: head
SELECT seq, recorded_at, default_rulebook FROM intake.heads WHERE scope = %(scope)s

-- name: export_scope
SELECT body FROM intake.facts WHERE scope = %(scope)s ORDER BY seq

-- name: declare_deployment
INSERT INTO intake.deployment (demonstration, sealed) VALUES (%(demonstration)s, %(sealed)s) ON CONFLICT DO NOTHING

-- name: deployment
SELECT demonstration, sealed FROM intake.deployment

-- name: scope_of_event
SELECT scope FROM intake.event_ids WHERE id = %(id)s::uuid

-- name: lock_set_asides
-- Until commit: whoever asks what is set aside sees what was being set aside when they asked.
SELECT pg_advisory_xact_lock(hashtextextended('panke.set_asides/' || %(scope)s, 0))

-- name: insert_set_aside
-- The first one stands: a repetition changes nothing, whatever it says.
INSERT INTO intake.set_asides (id, scope, at, body) VALUES (%(id)s::uuid, %(scope)s, %(at)s, %(body)s)
ON CONFLICT DO NOTHING

-- name: tally_set_aside
INSERT INTO intake.tallies (scope, set_asides) VALUES (%(scope)s, 1)
ON CONFLICT (scope) DO UPDATE SET set_asides = tallies.set_asides + 1

-- name: set_aside
SELECT body FROM intake.set_asides WHERE id = %(id)s::uuid

-- name: set_asides_of_scope
SELECT body FROM intake.set_asides WHERE scope = %(scope)s ORDER BY at, id

-- name: set_asides_since
-- Of all scopes; one that is recorded while this is asked may come with a time before one that is known already.
SELECT scope, body FROM intake.set_asides WHERE at >= %(since)s ORDER BY at, id LIMIT 1000

-- name: all_heads
SELECT scope, seq, recorded_at, default_rulebook FROM intake.heads ORDER BY scope

-- name: visits_of_scope
-- In the order of the journal, but for what was set aside. Asked for a finding of concealment alone, of which an
-- office has a few in a year; what is sought narrows it to the visits whose body holds the id.
SELECT fact.body FROM intake.facts AS fact
WHERE fact.scope = %(scope)s AND fact.seq > %(after)s AND fact.type = 'visit.registered'
    AND (%(sought)s::bytea IS NULL OR position(%(sought)s::bytea IN fact.body) > 0)
    AND NOT EXISTS (SELECT FROM intake.set_asides AS aside WHERE aside.id = fact.id)
ORDER BY fact.seq

-- name: scheme_adoptions
-- Of the scopes in which a group adopts a scheme or records keys that one has to turn on.
SELECT fact.body FROM intake.facts AS fact
WHERE fact.scope = ANY(%(scopes)b::text[]) AND fact.type = 'scheme.adopted'
    AND NOT EXISTS (SELECT FROM intake.set_asides AS aside WHERE aside.id = fact.id)
ORDER BY fact.scope, fact.seq

-- name: kept_schemes
SELECT scheme, version, sha256, texts FROM intake.schemes

-- name: keep_scheme
INSERT INTO intake.schemes (scheme, version, sha256, texts)
VALUES (%(scheme)s, %(version)s, %(sha256)s, %(texts)s) ON CONFLICT DO NOTHING

-- name: types_of_events
-- Of events that are amended or withdrawn: what they are, and in which scope.
SELECT fact.id::text, fact.scope, fact.type
FROM intake.event_ids AS known JOIN intake.facts AS fact USING (scope, seq)
WHERE known.id = ANY(%(ids)b::text[]::uuid[])
