-- A journal may come back older than its topic: restored from a backup, or a replica that lagged has taken over. It
-- would number anew what was numbered, so before it takes a fact it is held against the topic.

-- Who numbers: one row for each time that the journal began, or went on behind facts that it had lost. The last one
-- is in force; facts carry it, so that a consumer tells a journal that should not write any more.
CREATE TABLE intake.epochs (
    number   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    epoch    uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- machine time
    reason   text NOT NULL
);
INSERT INTO intake.epochs (reason) VALUES ('the journal began');

-- The next offset of each partition behind what was acknowledged to the relay: a comparison reads on from there.
CREATE TABLE intake.acknowledged (
    topic     text NOT NULL,
    partition integer NOT NULL,
    log       text NOT NULL,                  -- cluster@topic-id: offsets of another one mean nothing
    next      bigint NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- What the last comparison found: nothing, or in words what the journal lacks. It holds for the server and the tables
-- on which it was made, so a journal that was restored has none.
CREATE TABLE intake.comparison (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    topic  text NOT NULL,
    server text NOT NULL,
    lacks  text NOT NULL
) WITH (fillfactor = 50);

-- Another after every start of the server, and for every copy of the database or of the table.
CREATE FUNCTION intake.server() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT extract(epoch FROM pg_postmaster_start_time())::text
           || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())::text
           || '/' || 'intake.comparison'::regclass::oid::text
$$;
