-- Whom and which office what is listed concerns, so that a list is read by who may: each page by an index.
-- A customer whom nobody ever owned is at the office of the first record; who lost a claim keeps the customer in sight.
ALTER TABLE claims ADD COLUMN office text;                 -- of the customer's first record
UPDATE claims SET office = facts.office
FROM facts WHERE facts.scope = claims.scope AND facts.seq = claims.born;
CREATE INDEX claims_that_lapsed ON claims (scope, holder, born, nth, customer) WHERE owner IS NULL AND holder IS NOT NULL;
CREATE INDEX claims_of_nobody ON claims (scope, office, born, nth, customer) WHERE holder IS NULL;

CREATE TABLE concerned (
    scope text   NOT NULL,
    list  text   NOT NULL,                     -- deals, disputes, flags or penalties
    kind  text   NOT NULL,                     -- staff or office
    name  text   NOT NULL,
    born  bigint NOT NULL,                     -- the place in the list
    id    text   NOT NULL,
    PRIMARY KEY (scope, list, kind, name, born, id)
);

-- Whom a record is about: the first of these fields that it has.
CREATE FUNCTION consultant_in(body bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT data ->> field
    FROM (SELECT convert_from(body, 'UTF8')::jsonb -> 'data' AS data) AS event,
         unnest('{received_by,answered_by,by,closed_by,consultant,against,to,opened_by,ruled_by,requested_by,decided_by,staff}'
                ::text[]) WITH ORDINALITY AS fields (field, place)
    WHERE jsonb_typeof(data -> field) = 'string'
    ORDER BY place LIMIT 1
$$;

-- What was folded before is told from the stored facts and records.
INSERT INTO concerned (scope, list, kind, name, born, id)
SELECT deals.scope, 'deals', 'staff', told.name, deals.born, deals.deal
FROM deals
LEFT JOIN facts ON facts.scope = deals.scope AND facts.seq = deals.born
LEFT JOIN claims ON claims.scope = deals.scope AND claims.customer = deals.customer
CROSS JOIN LATERAL (
    SELECT convert_from(facts.body, 'UTF8')::jsonb -> 'data' ->> 'closed_by' AS name
    UNION SELECT claims.holder
    UNION SELECT jsonb_object_keys(convert_from(made.body, 'UTF8')::jsonb -> 'shares')
          FROM deal_decisions AS made WHERE made.scope = deals.scope AND made.deal = deals.deal
) AS told
WHERE told.name IS NOT NULL;

WITH known AS MATERIALIZED (
    SELECT scope, id, born, convert_from(substring(state FROM position(' '::bytea IN state) + 1), 'UTF8')::jsonb AS told
    FROM records WHERE kind = 'dispute'
)
INSERT INTO concerned (scope, list, kind, name, born, id)
SELECT known.scope, 'disputes', 'staff', party.name, known.born, known.id
FROM known
CROSS JOIN LATERAL (
    SELECT told ->> 'opened_by' AS name
    UNION SELECT told ->> 'recogniser'
    UNION SELECT told -> 'ruling' ->> 'owner'
    UNION SELECT jsonb_object_keys(told -> 'ruling' -> 'shares') WHERE jsonb_typeof(told -> 'ruling' -> 'shares') = 'object'
    UNION SELECT holder FROM claims
          WHERE claims.scope = known.scope
            AND claims.customer IN (SELECT jsonb_array_elements_text(told -> 'customers') UNION SELECT told ->> 'other')
    UNION SELECT concerned.name FROM concerned
          WHERE concerned.scope = known.scope AND list = 'deals' AND kind = 'staff'
            AND concerned.id IN (SELECT jsonb_array_elements_text(coalesce(nullif(told -> 'deals', 'null'), '[]')))
) AS party
WHERE party.name IS NOT NULL AND party.name <> 'system';

INSERT INTO concerned (scope, list, kind, name, born, id)
SELECT DISTINCT made.scope, made.list, told.kind, told.name, made.version, ''
FROM (
    SELECT scope, 'flags' AS list, version, body FROM flags
    UNION ALL SELECT scope, 'penalties', version, body FROM penalties
) AS made
LEFT JOIN facts ON facts.scope = made.scope AND facts.id = convert_from(made.body, 'UTF8')::jsonb ->> 'event'
CROSS JOIN LATERAL (VALUES
    ('office', facts.office), ('staff', consultant_in(facts.body)),
    ('staff', convert_from(made.body, 'UTF8')::jsonb ->> 'staff')
) AS told (kind, name)
WHERE told.name IS NOT NULL;

INSERT INTO concerned (scope, list, kind, name, born, id)
SELECT DISTINCT concerned.scope, list, 'office', facts.office, born, concerned.id
FROM concerned JOIN facts ON facts.scope = concerned.scope AND facts.seq = born
WHERE list IN ('deals', 'disputes');
