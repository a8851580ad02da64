-- The only place that links a contact to the id that stands for it everywhere else. Rows are deleted by erasure: what
-- remains elsewhere leads to nobody then.
CREATE TABLE vault.people (
    id            text PRIMARY KEY,
    scope         text NOT NULL,
    -- By which the contact is found: a keyed hash, so that the table names nobody.
    index_version text NOT NULL,
    index         bytea NOT NULL,
    -- The person's key, under a key-encryption key.
    wrapping      text NOT NULL,
    wrapped_key   bytea NOT NULL,
    -- The contact itself, under the person's key.
    contact       text NOT NULL
);
CREATE UNIQUE INDEX people_by_index ON vault.people (scope, index_version, index);

-- By which keys the rows were made: a start with other ones is refused.
CREATE TABLE vault.keys (
    name        text PRIMARY KEY,
    fingerprint text NOT NULL
);

-- How often people were erased: whoever remembers keys forgets them when it moves.
CREATE TABLE vault.erasures (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL
);
INSERT INTO vault.erasures (number) VALUES (0);
