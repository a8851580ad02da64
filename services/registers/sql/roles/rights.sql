-- What the service may do in its schema; given anew whenever roles are prepared, and nothing else is left.
-- Facts are added to, and that is all; emptying them, to read the topic again, is the owner's.
GRANT SELECT ON ALL TABLES IN SCHEMA registers TO {registers};
GRANT INSERT ON registers.facts, registers.offices, registers.set_asides TO {registers};
GRANT INSERT, UPDATE ON registers.scopes, registers.positions, registers.rulebooks TO {registers};

-- What the record of access does not have yet: kept, and gone when access has taken it.
GRANT INSERT, UPDATE (problem), DELETE ON registers.access_reports TO {registers};

-- What people issued, and what they made of findings, is added to.
GRANT INSERT ON registers.issued_reports, registers.issued_steps, registers.finding_steps TO {registers};
