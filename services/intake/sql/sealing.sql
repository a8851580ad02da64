-- Statements by which a journal in clear is put under seal, by its owner, while no service runs.

-- name: sealing_over
SELECT ended_at IS NOT NULL FROM intake.sealing_over

-- name: begin_sealing_over
INSERT INTO intake.sealing_over (by, began_at) VALUES (%(by)s, %(now)s) ON CONFLICT DO NOTHING

-- name: connected_services
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'panke-%%'
ORDER BY application_name

-- name: some_facts
SELECT fact.scope, fact.seq, fact.id::text, fact.type, fact.body, fact.contacts, known.digest
FROM intake.facts AS fact JOIN intake.event_ids AS known USING (scope, seq)
WHERE (fact.scope, fact.seq) > (%(scope)s, %(seq)s) ORDER BY fact.scope, fact.seq LIMIT %(limit)s

-- name: allow_sealing
-- For this transaction, which holds the table, alone.
ALTER TABLE intake.facts DISABLE TRIGGER facts_are_append_only

-- name: refuse_change_again
ALTER TABLE intake.facts ENABLE TRIGGER facts_are_append_only

-- name: put_sealed
-- The fingerprint is made anew with the row; who altered the fact before leaves it wrong as it was.
WITH row AS (
    SELECT * FROM unnest(%(scopes)b::text[], %(seqs)b::bigint[], %(bodies)b::bytea[], %(digests)b::bytea[])
        AS row (scope, seq, body, digest)
), facts AS (
    UPDATE intake.facts AS fact SET body = row.body, contacts = NULL
    FROM row WHERE fact.scope = row.scope AND fact.seq = row.seq
)
UPDATE intake.event_ids AS known SET digest = row.digest,
    fingerprint = intake.id_print(row.digest, known.warnings) # intake.fact_print(
        fact.scope, fact.seq, fact.id, fact.type, fact.recorded_at, row.body, NULL, fact.traceparent
    )
FROM row JOIN intake.facts AS fact USING (scope, seq)
WHERE known.scope = row.scope AND known.seq = row.seq

-- name: count_sealed
UPDATE intake.sealing_over SET facts = facts + %(facts)s

-- name: end_sealing_over
WITH ended AS (UPDATE intake.sealing_over SET ended_at = %(now)s)
UPDATE intake.deployment SET sealed = true

-- name: log_is_begun
-- The leaves of the journal's log are of the facts' bytes.
SELECT EXISTS (SELECT FROM audit.entries)

-- name: table_is_there
SELECT to_regclass(%(table)s) IS NOT NULL

-- name: keep_reports_of_attribution
INSERT INTO intake.access_reports (id, at, act, body, problem)
SELECT id, at, act, body, problem FROM attribution.access_reports ORDER BY seq
ON CONFLICT (id) DO NOTHING

-- name: drop_attribution
DROP SCHEMA IF EXISTS attribution CASCADE

-- name: keep_reports_of_registers
INSERT INTO intake.access_reports (id, at, act, body, problem)
SELECT id, at, act, body, problem FROM registers.access_reports ORDER BY seq
ON CONFLICT (id) DO NOTHING

-- name: drop_registers
DROP SCHEMA IF EXISTS registers CASCADE

-- name: notified_staff
SELECT scope, staff, contacts FROM notifier.staff WHERE contacts <> '{}'

-- name: put_notified_staff
UPDATE notifier.staff AS known SET contacts = row.contacts::jsonb
FROM unnest(%(scopes)s::text[], %(staff)s::text[], %(contacts)s::text[]) AS row (scope, staff, contacts)
WHERE known.scope = row.scope AND known.staff = row.staff

-- name: some_attempts
SELECT t.alert::text, t.number, a.scope, coalesce(t.recipient, a.staff, ''), t.destination
FROM notifier.attempts AS t JOIN notifier.alerts AS a ON a.id = t.alert
WHERE (t.alert, t.number) > (%(alert)s::uuid, %(number)s) ORDER BY t.alert, t.number LIMIT %(limit)s

-- name: put_attempts
UPDATE notifier.attempts AS t SET destination = row.destination
FROM unnest(%(alerts)s::text[]::uuid[], %(numbers)s::integer[], %(destinations)s::text[]) AS row (alert, number, destination)
WHERE t.alert = row.alert AND t.number = row.number

-- name: forget_limits
-- Keys of limits may hold numbers; what waits a while longer for them is no loss.
DELETE FROM notifier.send_limits

-- name: forget_irregular
UPDATE notifier.irregular SET value = NULL WHERE value IS NOT NULL

-- name: forget_imports_in_clear
-- What they came to, with rows that were rejected; the records that they made are facts like all others.
DELETE FROM intake.imports WHERE sealed_by IS NULL

-- name: scrub_imports
VACUUM (FULL, ANALYZE) intake.imports

-- name: scrub_facts
VACUUM (FULL, ANALYZE) intake.facts

-- name: scrub_ids
VACUUM (FULL, ANALYZE) intake.event_ids

-- name: scrub_attempts
VACUUM (FULL, ANALYZE) notifier.attempts

-- name: scrub_staff
VACUUM (FULL, ANALYZE) notifier.staff

-- name: scrub_irregular
VACUUM (FULL, ANALYZE) notifier.irregular

-- name: scrub_limits
VACUUM (FULL, ANALYZE) notifier.send_limits

-- name: remove_log
-- Of the whole server, until `keep_log`: pieces of its log of changes that are not needed go, and are not written over.
ALTER SYSTEM SET wal_recycle = off

-- name: keep_log
ALTER SYSTEM RESET wal_recycle

-- name: read_settings
SELECT pg_reload_conf()

-- name: pieces_of_log
SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'

-- name: next_piece_of_log
SELECT pg_switch_wal() FROM pg_logical_emit_message(true, 'panke', 'sealed')
