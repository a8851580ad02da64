-- What the consumer of facts reads and writes; a batch and its position are one transaction.

-- name: put_enrolled
-- A log that is read again tells what is known: the fact with the higher seq stands.
INSERT INTO staff (scope, staff, role, office, departed, seq)
VALUES (%(scope)s, %(staff)s, %(role)s, %(office)s, false, %(seq)s)
ON CONFLICT (scope, staff) DO UPDATE
SET role = excluded.role, office = excluded.office, departed = false, seq = excluded.seq
WHERE staff.seq < excluded.seq

-- name: put_departed
UPDATE staff SET departed = true, seq = %(seq)s
WHERE scope = %(scope)s AND staff = %(staff)s AND seq < %(seq)s

-- name: staff_roles
-- The roles that an account holds by the journal.
SELECT s.scope, s.office, s.role, s.staff
FROM account_staff a JOIN staff s USING (scope, staff)
WHERE a.account = %(account)s AND NOT s.departed
ORDER BY s.scope, s.staff
