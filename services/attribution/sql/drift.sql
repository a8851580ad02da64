-- What stored rows are held against the facts by, and how they are put right.

-- name: audited_head
SELECT partition, book, received_seq, folded_seq, version, sent_seq, rebuilt,
       EXISTS (SELECT FROM parked_scopes AS parked WHERE parked.scope = scopes.scope)
FROM scopes WHERE scope = %(scope)s

-- name: audited_watermark
SELECT watermark FROM watermarks WHERE partition = %(partition)s

-- name: audited_scopes
SELECT scope FROM scopes ORDER BY scope

-- name: some_facts
SELECT seq, recorded_at, body, contacts FROM facts
WHERE scope = %(scope)s AND seq > %(after)s AND seq <= %(last)s ORDER BY seq LIMIT %(limit)s

-- name: some_events
SELECT originator_version, topic, state FROM stored_events
WHERE originator_id = %(stream)s AND originator_version > %(after)s
ORDER BY originator_version LIMIT %(limit)s

-- name: left_due
-- Claims that should have lapsed by a time.
SELECT customer, due_at FROM claims WHERE scope = %(scope)s AND due_at <= %(until)s ORDER BY due_at, customer

-- name: customers_in_leaves
-- Those whose row says which leaves their long lists have: it begins with its version and a plus.
SELECT id FROM records
WHERE scope = %(scope)s AND kind = 'customer' AND position('+'::bytea IN substring(state FROM 1 FOR 6)) > 0
ORDER BY id

-- name: outbox_of
SELECT seq, restated, body, (SELECT number FROM edition) FROM outbox WHERE scope = %(scope)s ORDER BY seq

-- name: edition
SELECT number FROM edition

-- name: digests_of_facts
-- Of what was set aside before its body was kept, nothing but its place is known.
SELECT seq, sha256(body) FROM facts WHERE scope = %(scope)s
UNION ALL SELECT seq, sha256(body) FROM parked_facts WHERE scope = %(scope)s
UNION ALL SELECT seq, sha256(body) FROM set_aside WHERE scope = %(scope)s
ORDER BY seq

-- name: ask_audit
INSERT INTO drift_audits (id, scope, asked_by, asked_at, state)
VALUES (%(id)s, %(scope)s, %(by)s, clock_timestamp(), 'waiting')

-- name: audits_waiting
SELECT count(*) AS waiting FROM drift_audits WHERE state IN ('waiting', 'running')

-- name: take_audit
UPDATE drift_audits SET state = 'running'
WHERE id = (SELECT id FROM drift_audits WHERE state = 'waiting' ORDER BY asked_at, id LIMIT 1)
RETURNING id, scope

-- name: note_progress
UPDATE drift_audits SET scopes = %(scopes)s, audited = %(audited)s, facts = %(facts)s, differences = %(differences)s,
    unknown = %(unknown)s
WHERE id = %(id)s

-- name: end_audit
UPDATE drift_audits SET state = %(state)s, ended_at = clock_timestamp(), problem = %(problem)s
WHERE id = %(id)s AND state IN ('waiting', 'running')

-- name: end_left_audits
-- Those that a process left that was killed; asked while nobody else audits.
UPDATE drift_audits SET state = 'failed', ended_at = clock_timestamp(), problem = 'its process ended'
WHERE state = 'running'

-- name: put_finding
INSERT INTO drift_findings (scope, comparison, place, row_key, field, stored, given, found_at, found_by, last_at)
VALUES (%(scope)s, %(comparison)s, %(place)s, %(row)s, %(field)s, %(stored)s, %(given)s, clock_timestamp(), %(id)s,
        clock_timestamp())
ON CONFLICT (scope, comparison, place, row_key, field) WHERE gone_at IS NULL
DO UPDATE SET last_at = clock_timestamp(), stored = excluded.stored, given = excluded.given

-- name: end_findings
-- What an audit of the scope no longer found; of comparisons that it did not make nothing is known.
UPDATE drift_findings SET gone_at = clock_timestamp()
WHERE scope = %(scope)s AND comparison = ANY(%(comparisons)s) AND gone_at IS NULL AND last_at < %(begun)s

-- name: clock_of_database
SELECT clock_timestamp()

-- name: open_findings
SELECT count(*), coalesce(string_agg(DISTINCT scope, ', '), '') AS scopes
FROM (SELECT scope FROM drift_findings WHERE gone_at IS NULL AND seen_at IS NULL ORDER BY id LIMIT %(limit)s) AS unseen

-- name: last_audit
SELECT max(ended_at) AS ended_at FROM drift_audits WHERE state = 'ended' AND scope IS NULL

-- name: audits
SELECT id, scope, asked_by, asked_at, state, scopes, audited, facts, differences, unknown, ended_at, problem
FROM drift_audits
WHERE (%(id)s::uuid IS NULL OR id = %(id)s) AND (%(known)s::text[] IS NULL OR scope = ANY(%(known)s))
  AND (%(before)s::timestamptz IS NULL OR (asked_at, id) < (%(before)s, %(before_id)s::uuid))
ORDER BY asked_at DESC, id DESC LIMIT %(limit)s

-- name: findings
SELECT id, scope, comparison, place, row_key AS row, field, stored, given, found_at, found_by, last_at, gone_at, seen_at,
       seen_by, note
FROM drift_findings
WHERE id > %(after)s AND (%(known)s::text[] IS NULL OR scope = ANY(%(known)s))
  AND (%(scope)s::text IS NULL OR scope = %(scope)s)
  AND CASE %(state)s WHEN 'open' THEN gone_at IS NULL AND seen_at IS NULL
                     WHEN 'seen' THEN gone_at IS NULL AND seen_at IS NOT NULL
                     WHEN 'gone' THEN gone_at IS NOT NULL ELSE true END
ORDER BY id LIMIT %(limit)s

-- name: see_finding
UPDATE drift_findings SET seen_at = clock_timestamp(), seen_by = %(by)s, note = %(note)s
WHERE id = %(finding)s AND (%(known)s::text[] IS NULL OR scope = ANY(%(known)s))
RETURNING id, scope, comparison, place, row_key AS row, field, stored, given, found_at, found_by, last_at, gone_at, seen_at,
          seen_by, note

-- name: ask_due_audit
INSERT INTO drift_audits (id, asked_by, asked_at, state)
SELECT %(id)s::uuid, %(by)s::text, clock_timestamp(), 'waiting'
WHERE NOT EXISTS (SELECT FROM drift_audits
                  WHERE scope IS NULL AND asked_at > clock_timestamp() - make_interval(secs => %(every)s::float8))

-- name: stored_stream
-- How many events of a scope there are, and the version of the last one: as many, unless some are gone.
SELECT count(*), coalesce(max(originator_version), 0) FROM stored_events WHERE originator_id = %(stream)s

-- name: count_rebuilt
UPDATE scopes SET rebuilt = rebuilt + 1, sent_seq = sent_seq + %(told)s WHERE scope = %(scope)s

-- name: put_rebuild
INSERT INTO rebuilds (scope, source, why, rows, told) VALUES (%(scope)s, %(source)s, %(why)s, %(rows)s, %(told)s)

-- name: put_missing_events
-- At versions that are free; one that is there stays.
INSERT INTO stored_events (originator_id, originator_version, topic, state)
SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[])
ON CONFLICT DO NOTHING
