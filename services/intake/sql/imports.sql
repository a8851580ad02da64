-- Imports of old books as jobs. All times are machine time.

-- name: lock_imports
-- Two who ask or take at once are counted one after the other.
SELECT pg_advisory_xact_lock(hashtextextended('panke.intake.imports', 0))

-- name: open_imports
-- How many wait or run, and how many of them are this caller's.
SELECT count(*) AS open, count(*) FILTER (WHERE caller = %(caller)s) AS of_caller
FROM intake.imports WHERE state IN ('waiting', 'running')

-- name: put_import
INSERT INTO intake.imports (id, scope, office, kind, caller, login, asked, sealed_by, file)
VALUES (%(id)s, %(scope)s, %(office)s, %(kind)s, %(caller)s, %(login)s, %(asked)s, %(sealed_by)s, %(file)s)

-- name: import_by_id
SELECT id, scope, office, kind, login, asked, state, read, accepted, duplicates, rejected, sheet, rejections, problem,
    created_at, started_at, ended_at
FROM intake.imports WHERE id = %(id)s

-- name: imports_of_office
SELECT id, scope, office, kind, login, asked, state, read, accepted, duplicates, rejected, sheet, rejections, problem,
    created_at, started_at, ended_at
FROM intake.imports WHERE office = %(office)s ORDER BY created_at DESC, id LIMIT %(limit)s

-- name: rejected_rows
SELECT sealed_by, rejected_rows FROM intake.imports WHERE id = %(id)s

-- name: import_preview
SELECT sealed_by, preview FROM intake.imports WHERE id = %(id)s

-- name: fail_left_imports
-- Those that were left as often as one is taken up.
UPDATE intake.imports SET state = 'failed', problem = %(problem)s, ended_at = now(), lease = NULL, file = NULL
WHERE state = 'running' AND leased_until < now() AND attempts >= %(most)s

-- name: take_import
-- The one that waits longest, or that a process left behind; of a scope one at a time.
UPDATE intake.imports SET state = 'running', lease = %(lease)s,
    leased_until = now() + make_interval(secs => %(seconds)s), attempts = attempts + 1,
    started_at = coalesce(started_at, now()), accepted = 0, duplicates = 0, rejected = 0, read = 0,
    begun_seq = coalesce(begun_seq, (SELECT seq FROM intake.heads WHERE heads.scope = imports.scope), 0)
WHERE id = (
    SELECT open.id FROM intake.imports AS open
    WHERE (open.state = 'waiting' OR (open.state = 'running' AND open.leased_until < now()))
      AND NOT EXISTS (
        SELECT FROM intake.imports AS other
        WHERE other.scope = open.scope AND other.state = 'running' AND other.leased_until >= now()
      )
    ORDER BY open.created_at, open.id LIMIT 1
)
RETURNING id, scope, office, kind, asked, sealed_by, file, begun_seq, stop

-- name: hold_import
-- The lease goes on; no row where it is another's now.
UPDATE intake.imports SET leased_until = now() + make_interval(secs => %(seconds)s), read = %(read)s,
    accepted = %(accepted)s, duplicates = %(duplicates)s, rejected = %(rejected)s
WHERE id = %(id)s AND lease = %(lease)s RETURNING stop

-- name: put_sheet
UPDATE intake.imports SET sheet = %(sheet)s WHERE id = %(id)s AND lease = %(lease)s

-- name: end_import
-- With what it came to; the file goes.
UPDATE intake.imports SET state = %(state)s, ended_at = now(), lease = NULL, file = NULL, problem = %(problem)s,
    rejections = %(rejections)s, sealed_by = %(sealed_by)s, rejected_rows = %(rejected_rows)s, preview = %(preview)s,
    read = coalesce(%(read)s, read), accepted = coalesce(%(accepted)s, accepted),
    duplicates = coalesce(%(duplicates)s, duplicates), rejected = coalesce(%(rejected)s, rejected)
WHERE id = %(id)s AND lease = %(lease)s

-- name: fail_import
UPDATE intake.imports SET state = 'failed', problem = %(problem)s, ended_at = now(), lease = NULL, file = NULL
WHERE id = %(id)s AND lease = %(lease)s

-- name: leave_import
-- A process that stops gives it back, as if it had not begun.
UPDATE intake.imports SET state = 'waiting', lease = NULL, attempts = attempts - 1
WHERE id = %(id)s AND lease = %(lease)s

-- name: cancel_import
-- One that waits ends at once, one that runs when its process hears of it.
UPDATE intake.imports SET stop = true, state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END,
    ended_at = CASE state WHEN 'waiting' THEN now() END, file = CASE state WHEN 'waiting' THEN NULL ELSE file END
WHERE id = %(id)s AND state IN ('waiting', 'running') RETURNING state

-- name: delete_import
DELETE FROM intake.imports WHERE id = %(id)s AND state NOT IN ('waiting', 'running')

-- name: delete_old_imports
DELETE FROM intake.imports WHERE ended_at < now() - make_interval(days => %(days)s)

-- name: imports_by_state
SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'running') AS running
FROM intake.imports WHERE state IN ('waiting', 'running')

-- name: kept_mapping
SELECT office, kind, mapping, login, kept_at FROM intake.import_mappings WHERE office = %(office)s AND kind = %(kind)s

-- name: keep_mapping
INSERT INTO intake.import_mappings (office, kind, mapping, login)
VALUES (%(office)s, %(kind)s, %(mapping)s, %(login)s)
ON CONFLICT (office, kind) DO UPDATE SET mapping = excluded.mapping, login = excluded.login, kept_at = now()

-- name: import_secret
SELECT sealed_by, secret FROM intake.import_secret

-- name: put_import_secret
INSERT INTO intake.import_secret (sealed_by, secret) VALUES (%(sealed_by)s, %(secret)s) ON CONFLICT DO NOTHING

-- name: rewrap_import_secret
UPDATE intake.import_secret SET sealed_by = %(sealed_by)s, secret = %(secret)s

-- name: scope_of_office
SELECT scope FROM intake.offices WHERE office = %(office)s

-- name: enrolments
-- Everybody who was ever enrolled in the scope, in the order of the journal.
SELECT body FROM intake.facts WHERE scope = %(scope)s AND type = 'staff.enrolled' ORDER BY seq

-- name: recorded_already
-- Which of these ids stand in the journal, and where.
SELECT id::text, scope, seq FROM intake.event_ids WHERE id = ANY(%(ids)s::uuid[])
