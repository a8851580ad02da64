-- Messages for the ownership topic; deleted when the broker has acknowledged them.
CREATE TABLE outbox (
    id          bigserial PRIMARY KEY,
    partition   integer NOT NULL,              -- of the source: both topics have the same partitions
    scope       text    NOT NULL,
    seq         bigint  NOT NULL,
    body        bytea   NOT NULL,
    traceparent text,
    UNIQUE (scope, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.02);

-- The watermark of each partition; passed on once everything before it has been sent.
CREATE TABLE watermarks (
    partition integer PRIMARY KEY,
    watermark timestamptz NOT NULL,
    sent      timestamptz
) WITH (fillfactor = 50);

-- What came by the topic and is not of the journal: it never had a place in the order.
CREATE TABLE dead_records (
    id        bigserial PRIMARY KEY,
    source    text    NOT NULL,                -- the position's name
    record    bigint  NOT NULL,                -- the offset
    key       bytea,
    value     bytea,
    headers   jsonb   NOT NULL,
    reason    text    NOT NULL,
    sent      boolean NOT NULL DEFAULT false,
    UNIQUE (source, record)
);
CREATE INDEX dead_records_unsent ON dead_records (id) WHERE NOT sent;

-- A scope whose fold failed waits here, with everything that came after.
CREATE TABLE parked_scopes (
    scope  text PRIMARY KEY,
    seq    bigint NOT NULL,                    -- the fact on which it fails
    since  timestamptz NOT NULL,               -- `recorded_at` of that fact
    error  text   NOT NULL
);

CREATE TABLE parked_facts (
    scope       text   NOT NULL,
    seq         bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    body        bytea  NOT NULL,
    traceparent text,
    PRIMARY KEY (scope, seq)
);

-- A fact that a person took out of the judging; `panke judge` leaves it out too.
CREATE TABLE set_aside (
    scope  text   NOT NULL,
    seq    bigint NOT NULL,
    id     text   NOT NULL,
    reason text   NOT NULL CHECK (btrim(reason) <> ''),
    by     text   NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (scope, seq)
);
