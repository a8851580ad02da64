-- What the service may do in its schema; given anew whenever roles are prepared, and nothing else is left.
-- What was tried and told is added to, and answered: no proof of an alert goes.
GRANT SELECT ON ALL TABLES IN SCHEMA notifier TO {notifier};
GRANT INSERT ON notifier.irregular, notifier.transitions TO {notifier};
GRANT INSERT, UPDATE ON notifier.positions, notifier.scopes, notifier.staff, notifier.claims, notifier.attempts,
    notifier.receipts, notifier.report_polls, notifier.clock_anchors TO {notifier};
GRANT INSERT, UPDATE, DELETE ON notifier.alerts, notifier.breakers, notifier.send_limits TO {notifier};
GRANT INSERT, UPDATE, DELETE ON notifier.heard TO {notifier};
GRANT INSERT, DELETE ON notifier.early_reports TO {notifier};
