-- Under which id the decisions of a customer stand, and what went into it, where that is not its own: a large customer
-- that was joined to a smaller one, which was first, keeps its rows, so that a join writes what the smaller one has.
CREATE TABLE homes (
    scope    text NOT NULL,
    customer text NOT NULL,
    home     text NOT NULL,
    PRIMARY KEY (scope, customer)
);
CREATE INDEX homes_by_home ON homes (scope, home);

CREATE FUNCTION home_of(of_scope text, of_customer text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT home FROM homes WHERE scope = of_scope AND customer = of_customer), of_customer);
