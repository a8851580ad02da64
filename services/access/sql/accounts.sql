-- Accounts, what they are known by, and what was granted to them.

-- name: account_by_login
SELECT id, kind, login, password, totp, totp_offered, totp_step, made_at, disabled_at FROM accounts
WHERE login = %(login)s

-- name: account_by_id
SELECT id, kind, login, password, totp, totp_offered, totp_step, made_at, disabled_at FROM accounts
WHERE id = %(account)s

-- name: put_account
INSERT INTO accounts (id, kind, login, made_at) VALUES (%(account)s, %(kind)s, %(login)s, %(now)s)
ON CONFLICT (login) DO NOTHING RETURNING id

-- name: accounts_page
SELECT a.id, a.kind, a.login, a.password IS NOT NULL, a.totp IS NOT NULL, a.made_at, a.disabled_at,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('scope', s.scope, 'staff', s.staff) ORDER BY s.scope, s.staff), '[]')
     FROM account_staff s WHERE s.account = a.id),
    (SELECT coalesce(jsonb_agg(jsonb_build_object('provider', i.provider, 'subject', i.subject)
                               ORDER BY i.provider, i.subject), '[]')
     FROM identities i WHERE i.account = a.id)
FROM accounts a
WHERE (%(kind)s::text IS NULL OR a.kind = %(kind)s) AND (%(after)s::text IS NULL OR a.login > %(after)s)
  AND (%(account)s::uuid IS NULL OR a.id = %(account)s)
ORDER BY a.login LIMIT %(limit)s

-- name: set_disabled
UPDATE accounts SET disabled_at = CASE WHEN %(disabled)s THEN coalesce(disabled_at, %(now)s) END
WHERE id = %(account)s RETURNING login

-- name: set_password
UPDATE accounts SET password = %(password)s WHERE id = %(account)s

-- name: forget_credentials
-- Whoever renews an account has lost what belonged to it, or somebody else has it.
UPDATE accounts SET password = NULL, totp = NULL, totp_offered = NULL WHERE id = %(account)s

-- name: put_set_up_code
INSERT INTO set_up_codes (digest, account, ends_at) VALUES (%(digest)s, %(account)s, %(ends_at)s)

-- name: void_set_up_codes
UPDATE set_up_codes SET used_at = %(now)s WHERE account = %(account)s AND used_at IS NULL

-- name: use_set_up_code
-- Of two who use it at once, one does.
UPDATE set_up_codes c SET used_at = %(now)s FROM accounts a
WHERE c.digest = %(digest)s AND c.used_at IS NULL AND c.ends_at > %(now)s
  AND a.id = c.account AND a.disabled_at IS NULL
RETURNING a.id, a.login

-- name: waiting_set_up_code
-- Whose code this is, before the password is looked at.
SELECT a.login FROM set_up_codes c JOIN accounts a ON a.id = c.account
WHERE c.digest = %(digest)s AND c.used_at IS NULL AND c.ends_at > %(now)s AND a.disabled_at IS NULL

-- name: put_machine_secret
INSERT INTO machine_secrets (digest, account, made_at) VALUES (%(digest)s, %(account)s, %(now)s)

-- name: end_machine_secrets
-- The old ones go on for a while, so that a machine can be given the new one before they end.
UPDATE machine_secrets SET ends_at = least(ends_at, %(ends_at)s) WHERE account = %(account)s

-- name: machine_by_secret
SELECT a.id, a.login FROM machine_secrets s JOIN accounts a ON a.id = s.account
WHERE s.digest = %(digest)s AND (s.ends_at IS NULL OR s.ends_at > %(now)s) AND a.disabled_at IS NULL
  AND a.kind = 'machine' AND a.login = %(login)s

-- name: unlink_staff
DELETE FROM account_staff WHERE account = %(account)s

-- name: link_staff
INSERT INTO account_staff (scope, staff, account) VALUES (%(scope)s, %(staff)s, %(account)s)
ON CONFLICT (scope, staff) DO NOTHING RETURNING staff

-- name: linked_staff
-- By which ids the records of scopes name the people of these accounts.
SELECT account::text, scope, min(staff) FROM account_staff WHERE account::text = ANY(%(accounts)s)
GROUP BY account, scope

-- name: unlink_identities
DELETE FROM identities WHERE account = %(account)s

-- name: link_identity
INSERT INTO identities (provider, subject, account) VALUES (%(provider)s, %(subject)s, %(account)s)
ON CONFLICT (provider, subject) DO NOTHING RETURNING subject

-- name: account_by_identity
SELECT a.id FROM identities i JOIN accounts a ON a.id = i.account
WHERE i.provider = %(provider)s AND i.subject = %(subject)s AND a.disabled_at IS NULL

-- name: put_grant
INSERT INTO grants (id, account, role, scopes, made_at)
VALUES (%(grant)s, %(account)s, %(role)s, %(scopes)s, %(now)s)

-- name: end_grant
UPDATE grants SET ended_at = %(now)s WHERE id = %(grant)s AND ended_at IS NULL RETURNING account, role

-- name: grants_page
SELECT g.id, g.account, a.login, g.role, g.scopes, g.made_at
FROM grants g JOIN accounts a ON a.id = g.account
WHERE g.ended_at IS NULL AND (%(account)s::uuid IS NULL OR g.account = %(account)s)
ORDER BY g.made_at, g.id LIMIT %(limit)s

-- name: granted_roles
SELECT g.role, g.scopes, a.kind FROM grants g JOIN accounts a ON a.id = g.account
WHERE g.account = %(account)s AND g.ended_at IS NULL ORDER BY g.made_at, g.id

-- name: hold_administrators
-- One after the other: who waits sees what the first one left.
SELECT id FROM grants WHERE role = 'administrator' AND ended_at IS NULL ORDER BY id FOR UPDATE

-- name: able_administrators
-- Who can sign in and let others in.
SELECT count(*) FROM grants g JOIN accounts a ON a.id = g.account
WHERE g.role = 'administrator' AND g.ended_at IS NULL AND a.disabled_at IS NULL AND a.kind = 'person'
  AND (a.password IS NOT NULL OR EXISTS (SELECT 1 FROM identities i WHERE i.account = a.id))

-- name: administrators
-- Who can let others in: accounts that are not disabled and hold the grant.
SELECT count(*) FROM grants g JOIN accounts a ON a.id = g.account
WHERE g.role = 'administrator' AND g.ended_at IS NULL AND a.disabled_at IS NULL AND a.kind = 'person'
