-- What the service may do in its schema; given anew whenever roles are prepared, and nothing else is left.
-- What was tried and told is added to, and answered: no proof of an alert goes.
GRANT SELECT ON ALL TABLES IN SCHEMA notifier TO {notifier};
GRANT INSERT ON notifier.irregular, notifier.transitions TO {notifier};
GRANT INSERT, UPDATE ON notifier.positions, notifier.scopes, notifier.staff, notifier.claims, notifier.attempts,
    notifier.receipts, notifier.report_polls, notifier.clock_anchors TO {notifier};
GRANT INSERT, UPDATE, DELETE ON notifier.alerts, notifier.breakers, notifier.send_limits TO {notifier};
GRANT INSERT, UPDATE, DELETE ON notifier.heard TO {notifier};
-- A schedule that was restored begins anew.
GRANT INSERT, UPDATE, DELETE ON notifier.report_schedules TO {notifier};
GRANT INSERT, DELETE ON notifier.early_reports TO {notifier};

-- What the record of access does not have yet: kept, and gone when access has taken it.
GRANT INSERT, UPDATE (problem), DELETE ON notifier.access_reports TO {notifier};

-- What is asked of the alerts of a scope: what hangs on an alert is seen with it.
GRANT SELECT ON notifier.alerts, notifier.scopes, notifier.attempts, notifier.transitions, notifier.receipts,
    notifier.staff, notifier.claims TO {notifier_reader};
DO $do$
DECLARE hanging text;
BEGIN
    FOREACH hanging IN ARRAY ARRAY['attempts', 'transitions', 'receipts'] LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_policy
            WHERE polrelid = ('notifier.' || hanging)::regclass AND '{notifier_reader}'::regrole = ANY(polroles)
        );
        EXECUTE format('ALTER TABLE notifier.%I ENABLE ROW LEVEL SECURITY', hanging);
        EXECUTE format('CREATE POLICY {notifier} ON notifier.%I TO {notifier} USING (true) WITH CHECK (true)', hanging);
        EXECUTE format('CREATE POLICY {notifier_reader} ON notifier.%I FOR SELECT TO {notifier_reader}'
                       ' USING (EXISTS (SELECT FROM notifier.alerts WHERE id = alert))', hanging);
    END LOOP;
END $do$;
