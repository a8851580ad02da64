-- The journal: append-only facts with a seq per scope that has no gaps (architecture, choice 3).
-- Every statement of the service names the schema, so that no search_path can mislead it.

-- What kind of deployment wrote this journal. A demonstration runs on a driven clock, and its
-- journal says so for good: the same rows can never be taken for the records of a real office.
CREATE TABLE intake.deployment (
    one           boolean PRIMARY KEY DEFAULT true CHECK (one),
    demonstration boolean NOT NULL
);

-- One row a scope. Locked in sorted order by every group that appends to it: that lock is what makes
-- seq gap-free and recorded_at never run backwards against it.
CREATE TABLE intake.heads (
    scope            text PRIMARY KEY,
    seq              bigint NOT NULL CHECK (seq > 0),
    recorded_at      timestamptz NOT NULL,
    default_rulebook text NOT NULL
) WITH (fillfactor = 50);

-- The facts as answered: body is the canonical envelope with recorded_at, sealed by the codec of party
-- data; contacts are the normalised ones, so that a later phone library cannot re-identify history.
CREATE TABLE intake.facts (
    scope       text NOT NULL,
    seq         bigint NOT NULL CHECK (seq > 0),
    id          uuid NOT NULL,
    type        text NOT NULL,
    recorded_at timestamptz NOT NULL,
    body        bytea NOT NULL,
    contacts    bytea,
    traceparent text,
    PRIMARY KEY (scope, seq)
);

-- A table of its own, so that facts can be partitioned by scope while ids stay unique in the whole system.
CREATE TABLE intake.event_ids (
    id          uuid PRIMARY KEY,
    scope       text NOT NULL,
    seq         bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    digest      bytea NOT NULL
);

-- An office belongs to one scope for good.
CREATE TABLE intake.offices (
    office text PRIMARY KEY,
    scope  text NOT NULL
);

-- What Kafka has not acknowledged. position is drawn while the scope's head is locked, so its order within
-- a scope is the order of seq; across scopes rows may become visible late, and the relay keeps no cursor.
-- enqueued_at is machine time: it serves the age of the backlog and is never compared with business time.
CREATE TABLE intake.outbox (
    position    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope       text NOT NULL,
    seq         bigint NOT NULL,
    enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000);

-- For sending a scope again, and for telling how far one scope is behind.
CREATE INDEX outbox_by_scope ON intake.outbox (scope, seq);

-- The watermark that was promised last: no later fact may be recorded at or before it.
CREATE TABLE intake.watermark (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    promised_at timestamptz NOT NULL
) WITH (fillfactor = 50);
INSERT INTO intake.watermark (promised_at) VALUES ('2000-01-01T00:00:00Z');

-- Facts are evidence: the service itself cannot alter or remove one by mistake.
CREATE FUNCTION intake.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % of intake.% is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER facts_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON intake.facts
    FOR EACH STATEMENT EXECUTE FUNCTION intake.refuse_change();
