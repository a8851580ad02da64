-- How many people a customer's records name: one contact that stands for more of them than an office can mean has
-- joined people who are not one customer, and is listed for the office to judge.
ALTER TABLE claims ADD COLUMN people integer NOT NULL DEFAULT 0;
UPDATE claims SET people = told.people
FROM (
    SELECT scope, id, jsonb_array_length(
        convert_from(substring(state FROM position(' '::bytea IN state) + 1), 'UTF8')::jsonb -> 'names') AS people
    FROM records WHERE kind = 'customer'
) AS told
WHERE told.scope = claims.scope AND told.id = claims.customer AND told.people > 0;

CREATE INDEX claims_of_many_people ON claims (scope, people) WHERE people > 1;
