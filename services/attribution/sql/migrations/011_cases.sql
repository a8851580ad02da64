-- From a case number, as alerts name a customer, to the customer; also to one that was joined into another.
CREATE FUNCTION case_digest(customer text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT substring(sha256(convert_to('case/' || customer, 'UTF8')) FROM 1 FOR 5)
$$;

CREATE INDEX claims_by_case ON claims (scope, case_digest(customer));
CREATE INDEX joined_by_case ON joined (scope, case_digest(customer));
