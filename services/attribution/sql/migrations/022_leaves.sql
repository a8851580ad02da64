-- The long lists of large customers, in leaves: a visit writes the last leaf of each list, not the whole customer.
-- The row of the customer in `records` says which leaves its lists have, in which order; a customer whose lists are
-- short, which nearly all are, has none. Rows from before hold their lists whole until they change.
CREATE TABLE leaves (
    scope    text    NOT NULL,
    customer text    NOT NULL,                 -- the id that its contacts point to, as decisions have it (`homes`)
    list     text    NOT NULL,
    leaf     integer NOT NULL,
    state    bytea   NOT NULL,
    PRIMARY KEY (scope, customer, list, leaf)
) WITH (fillfactor = 80);
