-- What the service may do in its schema; given anew whenever roles are prepared, and nothing else is left.
GRANT SELECT ON ALL TABLES IN SCHEMA access TO {access};
GRANT INSERT ON access.signing_keys TO {access};
GRANT INSERT, UPDATE ON access.accounts, access.set_up_codes, access.machine_secrets, access.grants, access.staff,
    access.positions TO {access};
GRANT INSERT, UPDATE, DELETE ON access.sessions, access.refresh_tokens, access.attempts, access.recovery_codes
    TO {access};
GRANT INSERT, DELETE ON access.account_staff, access.identities, access.openid_flows, access.openid_grants TO {access};
