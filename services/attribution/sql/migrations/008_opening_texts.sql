-- The rulebooks that scopes began under before the text of these was kept: the first texts that shipped are meant.
CREATE TABLE opened_before (
    book text PRIMARY KEY                      -- as `name@version`
);
INSERT INTO opened_before SELECT DISTINCT book FROM scopes;
