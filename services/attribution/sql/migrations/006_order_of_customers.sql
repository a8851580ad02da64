-- Customers of one record are listed in the order in which it names them; and what somebody owns is found by an index
-- that holds standing claims alone, so that a departure costs nothing for the claims that lapsed before.
ALTER TABLE claims ADD COLUMN nth integer NOT NULL DEFAULT 0;
UPDATE claims SET nth = told.nth
FROM (
    SELECT scope, id, (convert_from(substring(state FROM position(' '::bytea IN state) + 1), 'UTF8')::jsonb
                       ->> 'nth')::integer AS nth
    FROM records WHERE kind = 'customer'
) AS told
WHERE told.scope = claims.scope AND told.id = claims.customer AND told.nth > 0;

DROP INDEX claims_in_order;
DROP INDEX claims_of_holder;
CREATE INDEX claims_in_order ON claims (scope, born, nth, customer);
CREATE INDEX claims_of_owner ON claims (scope, owner, born, nth, customer) WHERE owner IS NOT NULL;
