-- Sign-ins and what they are guarded by.

-- name: put_session
INSERT INTO sessions (id, account, method, made_at, ends_at)
VALUES (%(session)s, %(account)s, %(method)s, %(now)s, %(ends_at)s)

-- name: factor_of_session
SELECT a.totp IS NOT NULL, s.method FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.id = %(session)s::uuid

-- name: put_refresh_token
INSERT INTO refresh_tokens (digest, session, ends_at) VALUES (%(digest)s, %(session)s, %(ends_at)s)

-- name: refresh_token
-- Locked: of two who show it at once, the second sees that it was used.
SELECT t.session, t.used_at, t.ends_at, s.account, s.ends_at, s.ended_at, a.login, a.disabled_at
FROM refresh_tokens t JOIN sessions s ON s.id = t.session JOIN accounts a ON a.id = s.account
WHERE t.digest = %(digest)s FOR UPDATE OF t

-- name: use_refresh_token
UPDATE refresh_tokens SET used_at = %(now)s WHERE digest = %(digest)s

-- name: end_session
UPDATE sessions SET ended_at = %(now)s WHERE id = %(session)s AND ended_at IS NULL RETURNING account

-- name: end_sessions_of
UPDATE sessions SET ended_at = %(now)s WHERE account = %(account)s AND ended_at IS NULL
  AND (%(but)s::uuid IS NULL OR id <> %(but)s)

-- name: session_stands
-- A machine has no session, only an account.
SELECT a.disabled_at IS NULL AND (a.kind = 'machine' OR EXISTS (
    SELECT FROM sessions s WHERE s.id = %(session)s AND s.account = a.id AND s.ended_at IS NULL AND s.ends_at > %(now)s))
FROM accounts a WHERE a.id = %(account)s

-- name: attempts_of
SELECT key, failures, last_at, locked_until FROM attempts WHERE key = ANY(%(keys)s) ORDER BY key FOR UPDATE

-- name: put_attempt
INSERT INTO attempts (key, failures, last_at, locked_until)
VALUES (%(key)s, %(failures)s, %(now)s, %(locked_until)s)
ON CONFLICT (key) DO UPDATE
SET failures = excluded.failures, last_at = excluded.last_at, locked_until = excluded.locked_until

-- name: lock_attempts
-- Rows that are not there yet cannot be locked: attempts of one account come one after another all the same.
SELECT pg_advisory_xact_lock(hashtextextended('panke.access.attempt.' || encode(key, 'hex'), 0))
FROM unnest(%(keys)s::bytea[]) AS key ORDER BY key

-- name: forgive
DELETE FROM attempts WHERE key = ANY(%(keys)s)

-- name: strike_out
UPDATE attempts SET failures = greatest(failures - 1, 0), locked_until = NULL WHERE key = %(key)s

-- name: offer_totp
UPDATE accounts SET totp_offered = %(secret)s WHERE id = %(account)s

-- name: confirm_totp
UPDATE accounts SET totp = totp_offered, totp_offered = NULL, totp_step = %(step)s
WHERE id = %(account)s AND totp_offered IS NOT NULL

-- name: remove_totp
UPDATE accounts SET totp = NULL, totp_offered = NULL WHERE id = %(account)s

-- name: use_totp_step
-- A code is taken once: whoever saw it typed cannot use it again.
UPDATE accounts SET totp_step = %(step)s WHERE id = %(account)s AND totp_step < %(step)s RETURNING id

-- name: drop_recovery_codes
DELETE FROM recovery_codes WHERE account = %(account)s

-- name: put_recovery_code
INSERT INTO recovery_codes (digest, account) VALUES (%(digest)s, %(account)s)

-- name: use_recovery_code
UPDATE recovery_codes SET used_at = %(now)s WHERE digest = %(digest)s AND account = %(account)s AND used_at IS NULL
RETURNING digest

-- name: put_flow
INSERT INTO openid_flows (state, provider, nonce, verifier, browser, challenge, return_to, ends_at)
VALUES (%(state)s, %(provider)s, %(nonce)s, %(verifier)s, %(browser)s, %(challenge)s, %(return_to)s, %(ends_at)s)

-- name: take_flow
-- A state is good once, for the browser and the provider that it was begun with.
DELETE FROM openid_flows
WHERE state = %(state)s AND provider = %(provider)s AND browser = %(browser)s
RETURNING nonce, verifier, challenge, return_to, ends_at > %(now)s

-- name: put_openid_grant
INSERT INTO openid_grants (digest, account, provider, challenge, ends_at)
VALUES (%(digest)s, %(account)s, %(provider)s, %(challenge)s, %(ends_at)s)

-- name: take_openid_grant
DELETE FROM openid_grants WHERE digest = %(digest)s RETURNING account, provider, challenge, ends_at > %(now)s

-- name: known_kids
SELECT kid FROM signing_keys

-- name: put_kid
INSERT INTO signing_keys (kid, seen_at) VALUES (%(kid)s, %(now)s) ON CONFLICT (kid) DO NOTHING

-- name: sweep
-- What nobody can use any more.
WITH flows AS (DELETE FROM openid_flows WHERE ends_at < %(now)s::timestamptz - interval '1 hour'),
     grants AS (DELETE FROM openid_grants WHERE ends_at < %(now)s),
     attempts AS (DELETE FROM attempts WHERE last_at < %(now)s::timestamptz - interval '2 days')
DELETE FROM sessions WHERE coalesce(ended_at, ends_at) < %(now)s::timestamptz - interval '30 days'
