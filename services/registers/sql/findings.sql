-- What people made of what machines found.

-- name: put_finding_step
-- Nothing where somebody else did something meanwhile.
INSERT INTO finding_steps (scope, office, finding, number, step, owner, note, by, at, as_of_seq, body)
VALUES (%(scope)s, %(office)s, %(finding)s, %(number)s, %(step)s, %(owner)s, %(note)s, %(by)s, %(at)s, %(as_of_seq)s,
        %(body)s)
ON CONFLICT (scope, office, finding, number) DO NOTHING

-- name: finding_steps
SELECT finding, number, step, owner, note, by, at, as_of_seq, body FROM finding_steps
WHERE scope = %(scope)s AND office = %(office)s ORDER BY finding, number
