-- From a case number, as alerts name a customer, to the alerts.
CREATE FUNCTION case_digest(customer text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT substring(sha256(convert_to('case/' || customer, 'UTF8')) FROM 1 FOR 5)
$$;

CREATE INDEX alerts_by_case ON alerts (case_digest(customer), due_at DESC, id DESC);
CREATE INDEX alerts_of_staff ON alerts (staff, due_at DESC, id DESC);
