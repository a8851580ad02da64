-- What the service may do in its schema; given anew whenever roles are prepared, and nothing else is left.
-- Entries are added to, and that is all.
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO {audit};
GRANT INSERT ON audit.entries, audit.bodies, audit.signing_keys TO {audit};
GRANT INSERT, UPDATE ON audit.scopes, audit.positions, audit.published TO {audit};
GRANT UPDATE ON audit.tree, audit.flushes TO {audit};
GRANT INSERT, DELETE ON audit.awaited_texts TO {audit};

-- What the record of access does not have yet: kept, and gone when access has taken it.
GRANT INSERT, UPDATE (problem), DELETE ON audit.access_reports TO {audit};
