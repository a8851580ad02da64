-- What a service has to tell the record of access, kept beside its own rows until access has taken it. The table is the
-- same in the schema of each service, whose connection names the schema.

-- name: keep_reports
-- A report that is there already stays as it is.
INSERT INTO access_reports (id, at, act, body)
SELECT id, at, act, body
FROM unnest(%(ids)s::uuid[], %(ats)s::timestamptz[], %(acts)s::text[], %(bodies)s::bytea[])
     AS told (id, at, act, body)
ON CONFLICT (id) DO NOTHING

-- name: reports_to_send
-- The oldest first, without what access has refused.
SELECT seq, body FROM access_reports WHERE problem IS NULL ORDER BY seq LIMIT %(limit)s

-- name: reports_taken
DELETE FROM access_reports WHERE seq = ANY(%(seqs)s)

-- name: report_refused
UPDATE access_reports SET problem = %(problem)s WHERE seq = %(seq)s

-- name: reports_waiting
-- How many wait, how many of them are refusals, since when the oldest, and what access would not take.
SELECT count(*) FILTER (WHERE problem IS NULL),
       count(*) FILTER (WHERE problem IS NULL AND act = 'refused'),
       min(at) FILTER (WHERE problem IS NULL),
       count(*) FILTER (WHERE problem IS NOT NULL)
FROM access_reports
