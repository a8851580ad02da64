-- The notifier's own rows: where it stands in the stream, what it knows of claims and staff, and the alerts.
-- Two kinds of time: columns named in the comments as business time are given by the service and never compared with
-- now(); leases and retries are machine time.

-- Where each partition of panke.ownership.v1 has been applied up to, and the watermark that came with it.
CREATE TABLE positions (
    topic      text NOT NULL,
    partition  integer NOT NULL,
    next       bigint NOT NULL,
    watermark  timestamptz,              -- business time
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0.0);

-- The last message of each scope that was applied, and the partition that brings its watermark.
CREATE TABLE scopes (
    scope      text PRIMARY KEY,
    topic      text NOT NULL,
    partition  integer NOT NULL,
    seq        bigint NOT NULL
) WITH (fillfactor = 50);

-- What could not be taken in as it stood: an undecodable record, or messages that never came. Nothing stops for them.
CREATE TABLE irregular (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,     -- machine time
    topic      text NOT NULL,
    partition  integer NOT NULL,
    position   bigint NOT NULL,
    reason     text NOT NULL,
    value      bytea,
    UNIQUE (topic, partition, position)
);

CREATE TABLE staff (
    scope      text NOT NULL,
    staff      text NOT NULL,
    name       text NOT NULL,
    role       text NOT NULL,
    contacts   jsonb NOT NULL,
    departed   boolean NOT NULL,
    PRIMARY KEY (scope, staff)
);

CREATE INDEX staff_by_id ON staff (staff);

CREATE TABLE claims (
    scope       text NOT NULL,
    customer    text NOT NULL,
    claim_seq  bigint NOT NULL,
    owner       text,
    status      text NOT NULL,
    expires_at  timestamptz,             -- business time
    replaced_by text,
    PRIMARY KEY (scope, customer)
) WITH (fillfactor = 80);

CREATE TABLE alerts (
    id             uuid PRIMARY KEY,
    scope          text NOT NULL,
    customer       text NOT NULL,
    claim_seq     bigint NOT NULL,
    rung           text NOT NULL,
    audience       text NOT NULL,
    staff          text,                 -- who is to be told; empty until the supervisors are looked up
    owner          text,                 -- whose claim it is, or was
    due_at         timestamptz NOT NULL, -- business time
    deadline       timestamptz NOT NULL, -- business time: when the claim ends, or ended
    state          text NOT NULL CHECK (state IN ('due', 'sent', 'failed', 'unknown', 'superseded', 'dead')),
    reason         text,
    rounds         integer NOT NULL DEFAULT 0,
    retry_at       timestamptz,          -- machine time; empty where nothing is to be tried by itself
    waiting_since  timestamptz,          -- machine time: since when it waits for the watermark
    lease          uuid,
    leased_until   timestamptz,          -- machine time
    superseded_at  timestamptz,          -- business time
    done_at        timestamptz,          -- business time
    changed_at     timestamptz NOT NULL, -- machine time of the last change of state
    traceparent    text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- What the dispatcher looks for; each finds its rows without reading any other.
CREATE INDEX alerts_due ON alerts (due_at) WHERE state = 'due' AND lease IS NULL;
CREATE INDEX alerts_retry ON alerts (retry_at) WHERE state IN ('failed', 'unknown') AND lease IS NULL;
CREATE INDEX alerts_leased ON alerts (leased_until) WHERE lease IS NOT NULL;
-- What a change of a claim looks for, and a person who asks for one customer.
CREATE INDEX alerts_of_customer ON alerts (customer, scope, claim_seq);
-- What a person looks for.
CREATE INDEX alerts_listed ON alerts (due_at DESC, id DESC);
CREATE INDEX alerts_by_state ON alerts (state, due_at DESC, id DESC);

-- One row before each call, completed by its answer. A row without an answer whose lease is over: unknown.
CREATE TABLE attempts (
    alert        uuid NOT NULL REFERENCES alerts (id),
    number       integer NOT NULL,
    channel      text NOT NULL,
    destination  text NOT NULL,
    message      text NOT NULL,
    started_at   timestamptz NOT NULL,   -- machine time
    business_at  timestamptz NOT NULL,   -- business time of the same moment
    known_at     timestamptz,            -- business time: the watermark then
    behind       boolean NOT NULL,       -- sent without waiting further for the watermark, and saying so
    answered_at  timestamptz,            -- machine time
    outcome      text CHECK (outcome IN ('sent', 'temporary', 'refused', 'unknown')),
    answer       text,
    PRIMARY KEY (alert, number)
);

CREATE INDEX attempts_open ON attempts (alert) WHERE outcome IS NULL;
