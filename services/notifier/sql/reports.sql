-- Reports on a schedule. Business times and local days come as parameters.

-- name: report_scopes
-- The scopes that were heard of, each with the zone of its rulebook where one was told.
SELECT scope, coalesce(timezone, '') AS timezone FROM scopes ORDER BY scope

-- name: report_offices
SELECT DISTINCT office FROM staff WHERE scope = %(scope)s AND office IS NOT NULL AND NOT departed ORDER BY office

-- name: report_schedule
SELECT last FROM report_schedules
WHERE scope = %(scope)s AND office = %(office)s AND report = %(report)s AND every = %(every)s

-- name: begin_report_schedule
INSERT INTO report_schedules (scope, office, report, every, last)
VALUES (%(scope)s, %(office)s, %(report)s, %(every)s, %(last)s)
ON CONFLICT DO NOTHING

-- name: move_report_schedule
-- Only from where it was read: of two notifiers that made the same report, one makes it out.
UPDATE report_schedules SET last = %(last)s
WHERE scope = %(scope)s AND office = %(office)s AND report = %(report)s AND every = %(every)s AND last = %(before)s

-- name: report_readers
-- Who may be meant: by role or by id, with where they are.
SELECT staff, role, office FROM staff
WHERE scope = %(scope)s AND NOT departed AND (role = ANY(%(roles)s) OR staff = ANY(%(staff)s))
ORDER BY staff

-- name: put_reports
-- One alert for each reader. What is not sent is dead; what nobody may read is void besides, so that no person tries it
-- again.
INSERT INTO alerts (
    id, scope, customer, claim_seq, rung, audience, staff, due_at, deadline, state, reason, unreachable, superseded_at,
    changed_at, kind, detail, made_business_at)
SELECT t.id, %(scope)s, '', 0, 'report', 'reader', t.staff, %(due)s, %(due)s, t.state, t.reason, t.staff IS NULL,
       CASE WHEN t.void THEN %(business_now)s::timestamptz END, clock_timestamp(), 'report', %(detail)s,
       %(business_now)s
FROM unnest(%(ids)s::uuid[], %(staff)s::text[], %(states)s::text[], %(reasons)s::text[], %(voids)s::boolean[])
     AS t (id, staff, state, reason, void)
ON CONFLICT (id) DO NOTHING
