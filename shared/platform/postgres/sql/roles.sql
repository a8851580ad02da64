-- What is asked and done about the roles of a deployment.

-- name: lock_roles
-- Two who prepare one database wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended('panke.roles', 0))

-- name: roles_there
SELECT rolname FROM pg_roles WHERE rolname = ANY(%(roles)s)
