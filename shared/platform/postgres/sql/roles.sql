-- What is asked and done about the roles of a deployment.

-- name: see_only
-- Until the transaction ends: the scope, and the role that reads where there is one.
SELECT set_config('panke.scope', %(scope)s, true),
       (SELECT set_config('role', rolname, true) FROM pg_roles
        WHERE rolname = session_user || '_reader' AND pg_has_role(session_user, oid, 'MEMBER'))

-- name: become_reader
SELECT set_config('role', rolname, false) FROM pg_roles
WHERE rolname = session_user || '_reader' AND pg_has_role(session_user, oid, 'MEMBER')

-- name: tables_of_scopes
-- The tables of a schema whose rows are each of one scope, whether they are closed, and to whom.
SELECT relname, relrowsecurity, ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = pg_class.oid)
FROM pg_class
WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'r'
      AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'scope')
ORDER BY relname

-- name: lock_roles
-- Two who prepare one database wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended('panke.roles', 0))

-- name: roles_there
SELECT rolname FROM pg_roles WHERE rolname = ANY(%(roles)s)
