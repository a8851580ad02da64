-- Of which facts it is to be asked under which text of a rulebook the scope is judged from there on: the first one of a
-- scope, and adoptions. A row goes when the text is an entry. version is null where the newest is meant.
CREATE TABLE awaited_texts (
    scope   text NOT NULL,
    seq     bigint NOT NULL,
    name    text NOT NULL,
    version integer,
    PRIMARY KEY (scope, seq, name)
);
