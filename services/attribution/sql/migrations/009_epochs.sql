-- Which journals have numbered the facts of a scope, one after another. A journal that lost facts and took them back
-- goes on under another epoch; one that was left behind and goes on writing is told by the epoch that it has.
CREATE TABLE scope_epochs (
    scope     text   NOT NULL,
    epoch     text   NOT NULL,
    first_seq bigint NOT NULL,                 -- the first fact under it
    PRIMARY KEY (scope, epoch)
);
