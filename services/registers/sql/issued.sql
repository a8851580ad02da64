-- Issued reports and what became of them.

-- name: put_issued
INSERT INTO issued_reports (id, scope, office, report, first, last, grain, known_at, as_of, as_of_seq, scheme, rulebook,
                            issued_by, issued_at, digest, document)
VALUES (%(id)s, %(scope)s, %(office)s, %(report)s, %(first)s, %(last)s, %(grain)s, %(known_at)s, %(as_of)s,
        %(as_of_seq)s, %(scheme)s, %(rulebook)s, %(issued_by)s, %(issued_at)s, %(digest)s, %(document)s)
ON CONFLICT (id) DO NOTHING

-- name: put_issued_step
-- Nothing where somebody else set the stage of this number.
INSERT INTO issued_steps (report, number, stage, by, at, remark)
VALUES (%(id)s, %(number)s, %(stage)s, %(by)s, %(at)s, %(remark)s) ON CONFLICT (report, number) DO NOTHING

-- name: issued_report
SELECT one.id, scope, office, one.report, first, last, grain, known_at, as_of, as_of_seq, scheme, rulebook, issued_by,
       issued_at, digest, last_step.stage, last_step.at AS stage_at
FROM issued_reports AS one, LATERAL
     (SELECT stage, at FROM issued_steps AS step WHERE step.report = one.id ORDER BY number DESC LIMIT 1) AS last_step
WHERE scope = %(scope)s AND office = %(office)s AND one.id = %(id)s

-- name: issued_page
-- The latest first; a place is the number under which a report was kept.
SELECT one.id, scope, office, one.report, first, last, grain, known_at, as_of, as_of_seq, scheme, rulebook, issued_by,
       issued_at, digest, last_step.stage, last_step.at AS stage_at, place
FROM issued_reports AS one, LATERAL
     (SELECT stage, at FROM issued_steps AS step WHERE step.report = one.id ORDER BY number DESC LIMIT 1) AS last_step
WHERE scope = %(scope)s AND office = %(office)s AND last_step.stage = ANY(%(stages)s)
  AND (%(report)s::text IS NULL OR one.report = %(report)s) AND (%(after)s = 0 OR place < %(after)s)
ORDER BY place DESC LIMIT %(limit)s

-- name: issued_document
SELECT document FROM issued_reports WHERE id = %(id)s

-- name: issued_steps
SELECT stage, by, at, remark FROM issued_steps WHERE report = %(id)s ORDER BY number
