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

-- name: staff_accounts
-- Who is enrolled and has not left, and how far the account that is linked with them is.
SELECT s.scope, s.staff, s.office, s.role, a.login, CASE
    WHEN a.id IS NULL THEN 'none'
    WHEN a.disabled_at IS NOT NULL THEN 'disabled'
    WHEN a.password IS NULL AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.account = a.id) THEN 'waiting'
    ELSE 'open' END
FROM staff s LEFT JOIN account_staff l USING (scope, staff) LEFT JOIN accounts a ON a.id = l.account
WHERE NOT s.departed AND (%(scope)s::text IS NULL OR s.scope = %(scope)s)
  AND (s.scope, s.staff) > (%(after_scope)s, %(after_staff)s)
ORDER BY s.scope, s.staff LIMIT %(limit)s

-- name: staff_roles
-- The roles that an account holds by the journal.
SELECT s.scope, s.office, s.role, s.staff
FROM account_staff a JOIN staff s USING (scope, staff)
WHERE a.account = %(account)s AND NOT s.departed
ORDER BY s.scope, s.staff
