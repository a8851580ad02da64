-- What each machine's clock was last believed to say since it was booted, and what operators said of the time.

CREATE TABLE intake.clock_anchors (
    boot text PRIMARY KEY,
    wall timestamptz NOT NULL,
    since_boot float8 NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE intake.time_confirmations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    by text NOT NULL,
    reason text NOT NULL,
    confirmed_at timestamptz NOT NULL,
    journal_until timestamptz
);
