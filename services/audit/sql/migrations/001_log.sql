-- The log: every fact once, in one order, which nothing changes any more (log.md).

-- How large the tree is, and its right edge: a hash for each bit of the size. Locked by whoever appends, so that entries
-- of all partitions have one order, without gaps.
CREATE TABLE tree (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    size  bigint NOT NULL,
    peaks bytea NOT NULL
) WITH (fillfactor = 50);
INSERT INTO tree (size, peaks) VALUES (0, '');

CREATE TABLE entries (
    index bigint PRIMARY KEY,
    kind  text NOT NULL,
    scope text,
    seq   bigint,
    leaf  bytea NOT NULL,      -- the hash of the entry
    entry bytea NOT NULL,
    clear boolean NOT NULL     -- holds personal texts that are not under seal
);
CREATE UNIQUE INDEX entries_of_facts ON entries (scope, seq) WHERE kind = 'fact';
CREATE UNIQUE INDEX entries_besides ON entries (leaf) WHERE kind <> 'fact';

-- Bytes that are too many for an entry, which has their digest.
CREATE TABLE bodies (
    sha256 bytea PRIMARY KEY,
    body   bytea NOT NULL,
    clear  boolean NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER entries_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Up to which fact each scope is logged. Where the topic lacks some, `waits_since` says since when the scope waits;
-- `fork` is the seq of which the topic has another fact than the log.
CREATE TABLE scopes (
    scope       text PRIMARY KEY,
    seq         bigint NOT NULL,
    waits_since timestamptz,
    fork        bigint
) WITH (fillfactor = 50);

-- Which keys have signed: a file that has none of them is another log's.
CREATE TABLE signing_keys (
    vkey     text PRIMARY KEY,
    added_at timestamptz NOT NULL
);

-- The checkpoint that is shown, with all its signatures.
CREATE TABLE published (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    size         bigint NOT NULL,
    note         bytea NOT NULL,
    published_at timestamptz NOT NULL
) WITH (fillfactor = 50);

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
