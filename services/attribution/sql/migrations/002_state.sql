-- What the fold reads and writes. Every look-up goes by one of these keys; nothing scans.

-- One row per scope: how far it is received and folded, and the counters that have no gaps.
CREATE TABLE scopes (
    scope        text PRIMARY KEY,
    partition    integer NOT NULL,
    book         text    NOT NULL,             -- the rulebook until the first adoption, as `name@version`
    received_seq bigint  NOT NULL,             -- the last fact taken over from the topic
    folded_seq   bigint  NOT NULL,             -- the last fact folded: below received_seq while parked
    version      bigint  NOT NULL,             -- the last version of the scope's stream of events
    sent_seq     bigint  NOT NULL              -- the last `seq` given to a message of the ownership topic
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX scopes_of_partition ON scopes (partition);

-- The slice of state that the rules ask for: one record of the domain per row.
CREATE TABLE records (
    scope   text   NOT NULL,
    kind    text   NOT NULL,
    id      text   NOT NULL,
    born    bigint NOT NULL,                   -- the `seq` of the fact that made it: the order of lists
    state   bytea  NOT NULL,
    PRIMARY KEY (scope, kind, id)
) WITH (fillfactor = 80);
CREATE INDEX disputes_in_order ON records (scope, born, id) WHERE kind = 'dispute';

-- What a person holds and until when: the index behind departures, sweeps and lists.
CREATE TABLE claims (
    scope      text   NOT NULL,
    customer   text   NOT NULL,
    born       bigint NOT NULL,                -- the `seq` of the customer's first record
    generation bigint NOT NULL,                -- raised whenever owner, status or expires_at changes
    owner      text,
    holder     text,                           -- the owner, or who last owned a claim that lapsed
    status     text   NOT NULL,
    expires_at timestamptz,
    due_at     timestamptz,                    -- when a lapse is to be decided, if nothing happens before
    PRIMARY KEY (scope, customer)
) WITH (fillfactor = 80);
CREATE INDEX claims_in_order ON claims (scope, born, customer);
CREATE INDEX claims_of_holder ON claims (scope, holder, born, customer) WHERE holder IS NOT NULL;
CREATE INDEX claims_due ON claims (due_at) WHERE due_at IS NOT NULL;

-- The facts that were folded, as the journal wrote them: a historic question folds them again.
CREATE TABLE facts (
    scope        text   NOT NULL,
    seq          bigint NOT NULL,
    id           text   NOT NULL,
    type         text   NOT NULL,
    office       text   NOT NULL,
    recorded_at  timestamptz NOT NULL,
    body         bytea  NOT NULL,
    PRIMARY KEY (scope, seq)
);
CREATE UNIQUE INDEX facts_by_id ON facts (scope, id);

-- A customer that was joined into another one: its history goes on there.
CREATE TABLE joined (
    scope text NOT NULL,
    customer text NOT NULL,
    into_customer text NOT NULL,
    PRIMARY KEY (scope, customer)
);
CREATE INDEX joined_into ON joined (scope, into_customer);

-- An office belongs to one scope.
CREATE TABLE offices (
    office text PRIMARY KEY,
    scope  text NOT NULL
);
