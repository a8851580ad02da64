-- What the fold may do in its schema; given anew whenever roles are prepared, and nothing else is left.
-- Events, facts and what was decided are added to; only what follows from them is rewritten.
GRANT SELECT ON ALL TABLES IN SCHEMA attribution TO {attribution};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA attribution TO {attribution};
GRANT INSERT ON attribution.stored_events, attribution.facts, attribution.deal_decisions, attribution.flags,
    attribution.penalties, attribution.concerned, attribution.bearings, attribution.remarks, attribution.offices, attribution.scope_epochs,
    attribution.set_aside, attribution.withdrawn_set_asides, attribution.parked_facts, attribution.dead_records TO {attribution};
GRANT INSERT, UPDATE ON attribution.scopes, attribution.deals, attribution.staff,
    attribution.warnings, attribution.watermarks, attribution.kept_topics, attribution.clock_anchors TO {attribution};
GRANT INSERT, UPDATE (customer) ON attribution.decisions TO {attribution};
GRANT UPDATE (sent) ON attribution.dead_records TO {attribution};
GRANT INSERT, UPDATE, DELETE ON attribution.records, attribution.leaves, attribution.claims, attribution.joined,
    attribution.homes, attribution.parked_scopes, attribution.restatements, attribution.notification_tracking
    TO {attribution};
GRANT INSERT, DELETE ON attribution.outbox TO {attribution};
GRANT DELETE ON attribution.parked_facts TO {attribution};
GRANT INSERT, UPDATE, DELETE ON attribution.replays TO {attribution};
GRANT INSERT, UPDATE (lengths) ON attribution.rulebooks TO {attribution};

-- The table locks of the fold: MAINTAIN changes no row.
GRANT MAINTAIN ON attribution.stored_events, attribution.rulebooks TO {attribution};

-- What the record of access does not have yet: kept, and gone when access has taken it.
GRANT INSERT, UPDATE (problem), DELETE ON attribution.access_reports TO {attribution};

-- Who answers questions reads what they are about; of each table with a scope, the rows of one.
GRANT SELECT ON attribution.scopes, attribution.records, attribution.leaves, attribution.claims, attribution.facts,
    attribution.bearings,
    attribution.joined, attribution.homes, attribution.offices, attribution.decisions, attribution.deals,
    attribution.deal_decisions, attribution.flags, attribution.penalties, attribution.concerned, attribution.staff, attribution.warnings,
    attribution.remarks, attribution.parked_scopes, attribution.parked_facts, attribution.set_aside,
    attribution.watermarks, attribution.rulebooks TO {attribution_reader};

-- Audits, and what they found: kept, marked as seen, never deleted.
GRANT INSERT, UPDATE ON attribution.drift_audits, attribution.drift_findings TO {attribution};
