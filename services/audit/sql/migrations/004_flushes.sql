-- Facts are committed without waiting for the disk, which intake's own commits need; whoever signs waits once for all of
-- them, by a commit of its own behind theirs.
CREATE TABLE flushes (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    at  timestamptz NOT NULL
) WITH (fillfactor = 50);
INSERT INTO flushes (at) VALUES (clock_timestamp());
