-- What is asked for by lists; each a view of the domain's events, with the version that made it.

CREATE TABLE decisions (
    scope    text    NOT NULL,
    version  bigint  NOT NULL,
    customer text    NOT NULL,
    seq      bigint  NOT NULL,                 -- the fact that triggered it; for a sweep, the last one before
    at       timestamptz NOT NULL,
    body     bytea   NOT NULL,                 -- the decision in the shape of the contract
    PRIMARY KEY (scope, version)
);
CREATE INDEX decisions_of_customer ON decisions (scope, customer, at, version);

CREATE TABLE flags (
    scope   text   NOT NULL,
    version bigint NOT NULL,
    body    bytea  NOT NULL,
    PRIMARY KEY (scope, version)
);

CREATE TABLE penalties (
    scope   text   NOT NULL,
    version bigint NOT NULL,
    body    bytea  NOT NULL,
    PRIMARY KEY (scope, version)
);

-- The texts of the rulebooks that were adopted, by content: written once, never overwritten.
CREATE TABLE rulebooks (
    sha256  text PRIMARY KEY,
    name    text    NOT NULL,
    version integer NOT NULL,
    text    bytea   NOT NULL
);
