-- What registers and reports are made from: the facts of the topic as they came, under seal as they came. Rows of
-- registers are made of them in memory, so that nothing here has to be brought up to date when a register changes.

-- Up to which fact each scope is taken. Where the topic lacks some, `waits_since` says since when the scope waits;
-- `fork` is the seq of which the topic has another fact than stands here. `rulebook` is what the scope began under.
CREATE TABLE scopes (
    scope       text PRIMARY KEY,
    seq         bigint NOT NULL,
    partition   integer NOT NULL,
    rulebook    text,
    waits_since timestamptz,
    fork        bigint
) WITH (fillfactor = 50);

CREATE TABLE facts (
    scope       text NOT NULL,
    seq         bigint NOT NULL,
    id          text NOT NULL,
    recorded_at timestamptz NOT NULL,
    body        bytea NOT NULL,
    contacts    bytea,         -- what each phone was read as when the fact was recorded
    PRIMARY KEY (scope, seq)
);

-- Counts how often everything was begun anew: what is held in memory of an earlier time is let go of.
CREATE TABLE editions (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO editions (number) VALUES (1);

-- Of which scope an office is: where its first fact stood.
CREATE TABLE offices (
    office text PRIMARY KEY,
    scope  text NOT NULL
);

-- What the journal leaves out of the judging, as intake says it.
CREATE TABLE set_asides (
    scope text NOT NULL,
    id    text NOT NULL,
    PRIMARY KEY (scope, id)
);

-- By which text of a rulebook attribution judges, as it says it.
CREATE TABLE rulebooks (
    name    text NOT NULL,
    version integer NOT NULL,
    sha256  text NOT NULL,
    PRIMARY KEY (name, version)
);

-- How far each partition is consumed. A position counts only beside the log that it was made in.
CREATE TABLE positions (
    topic     text NOT NULL,
    partition integer NOT NULL,
    next      bigint NOT NULL,
    source    text NOT NULL, -- cluster/topic@topic-id:partition
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- What the record of access is to be told of this service, until access has taken it; written before the answer leaves.
CREATE TABLE access_reports (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      uuid NOT NULL UNIQUE, -- by which access knows a repetition
    at      timestamptz NOT NULL, -- machine time
    act     text NOT NULL,
    body    bytea NOT NULL,       -- the report, JSON
    problem text                  -- why access would not take it
);
