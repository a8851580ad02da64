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

-- Deals as they stand, by their first record; their customer changes when customers are joined or split.
CREATE TABLE deals (
    scope    text   NOT NULL,
    deal     text   NOT NULL,
    customer text   NOT NULL,
    born     bigint NOT NULL,
    PRIMARY KEY (scope, deal)
);
CREATE INDEX deals_in_order ON deals (scope, born, deal);

CREATE TABLE deal_decisions (
    scope   text   NOT NULL,
    version bigint NOT NULL,
    deal    text   NOT NULL,
    body    bytea  NOT NULL,
    PRIMARY KEY (scope, version)
);
CREATE INDEX decisions_of_deal ON deal_decisions (scope, deal, version);

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

-- Who was enrolled, by the name that people know: the state of the rules holds ids and roles only.
CREATE TABLE staff (
    scope    text  NOT NULL,
    staff    text  NOT NULL,
    name     text  NOT NULL,
    role     text  NOT NULL,
    contacts bytea NOT NULL,
    PRIMARY KEY (scope, staff)
);

-- The texts of the rulebooks that were adopted, by content: written once, never overwritten.
CREATE TABLE rulebooks (
    sha256  text PRIMARY KEY,
    name    text    NOT NULL,
    version integer NOT NULL,
    text    bytea   NOT NULL
);
