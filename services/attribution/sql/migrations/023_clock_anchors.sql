-- What each machine's clock was last believed to say since it was booted: a start has nothing else to hold it against.
CREATE TABLE clock_anchors (
    boot       text PRIMARY KEY,
    wall       timestamptz NOT NULL,
    since_boot float8 NOT NULL
) WITH (fillfactor = 50);
