-- What the service may do in its schema; given anew whenever roles are prepared, and nothing else is left.
-- The journal grows and never changes: facts, set-asides and who numbers are added to at most. `panke journal recover`,
-- which takes ids back and begins an epoch, is an operator's, who comes as the owner.
GRANT SELECT ON ALL TABLES IN SCHEMA intake TO {intake};
GRANT INSERT ON intake.deployment, intake.facts, intake.event_ids, intake.offices, intake.set_asides, intake.schemes
    TO {intake};

-- What moves with the journal: heads, who is there, how many of each.
GRANT INSERT, UPDATE ON intake.heads, intake.staff, intake.tallies, intake.clock_anchors TO {intake};
GRANT UPDATE ON intake.watermark TO {intake};

-- What is sent, and how far: rows go when they are acknowledged, or are none of a journal that was cut.
GRANT INSERT, UPDATE ON intake.kept_topics, intake.comparison TO {intake};
GRANT INSERT, UPDATE, DELETE ON intake.outbox, intake.sent, intake.acknowledged TO {intake};

-- What the record of access does not have yet: kept, and gone when access has taken it.
GRANT INSERT, UPDATE (problem), DELETE ON intake.access_reports TO {intake};

-- Imports: jobs that come and go, mappings that change, the secret of their ids that is wrapped anew.
GRANT INSERT, UPDATE, DELETE ON intake.imports TO {intake};
GRANT INSERT, UPDATE ON intake.import_mappings, intake.import_secret TO {intake};

-- What is asked of the journal of a scope.
GRANT SELECT ON intake.facts, intake.set_asides TO {intake_reader};
