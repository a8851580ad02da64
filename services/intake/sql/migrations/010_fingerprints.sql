-- What tells that rows of the journal were altered or lost by whoever may do anything, and that no other row tells.

-- Of a fact as it was taken, with what is known of its id. In the row of the id: who alters one of the two leaves the
-- other. It finds what happened by accident and by hand, not who means to deceive; that is for the topic to contradict.
ALTER TABLE intake.event_ids ADD COLUMN fingerprint bigint;   -- null: unknown

CREATE FUNCTION intake.fact_print(
    scope text, seq bigint, id uuid, type text, recorded_at timestamptz, body bytea, contacts bytea, traceparent text
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT hash_record_extended(ROW($1, $2, $3, $4, $5, $6, $7, $8), 0)
$$;
CREATE FUNCTION intake.id_print(digest bytea, warnings bytea) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT hash_record_extended(ROW($1, $2), 1)
$$;
UPDATE intake.event_ids AS known SET fingerprint = intake.id_print(digest, warnings) # intake.fact_print(
    fact.scope, fact.seq, fact.id, fact.type, fact.recorded_at, fact.body, fact.contacts, fact.traceparent
)
FROM intake.facts AS fact WHERE fact.id = known.id;

-- How many rows a scope has in the tables of which facts do not tell the number.
CREATE TABLE intake.tallies (
    scope      text PRIMARY KEY,
    offices    bigint NOT NULL DEFAULT 0,
    staff      bigint NOT NULL DEFAULT 0,
    set_asides bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO intake.tallies (scope, offices, staff, set_asides)
SELECT scope, coalesce(offices.number, 0), coalesce(staff.number, 0), coalesce(set_asides.number, 0)
FROM (SELECT scope, count(*) AS number FROM intake.offices GROUP BY scope) AS offices
FULL JOIN (SELECT scope, count(*) AS number FROM intake.staff GROUP BY scope) AS staff USING (scope)
FULL JOIN (SELECT scope, count(*) AS number FROM intake.set_asides GROUP BY scope) AS set_asides USING (scope);
