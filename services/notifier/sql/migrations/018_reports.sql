-- Reports that offices want by themselves.
ALTER TABLE alerts DROP CONSTRAINT alerts_kind_check;
ALTER TABLE alerts ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('claim', 'event', 'report'));

-- Up to which period the report of an office was made out: its alerts are made in the transaction that moves this on.
CREATE TABLE report_schedules (
    scope      text NOT NULL,
    office     text NOT NULL,
    report     text NOT NULL,
    every      text NOT NULL CHECK (every IN ('day', 'week', 'month')),
    last       date NOT NULL,            -- the last day of that period, local
    PRIMARY KEY (scope, office, report, every)
) WITH (fillfactor = 50);
