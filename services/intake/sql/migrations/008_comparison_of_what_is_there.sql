-- Rows that were restored into a server that runs bring their comparison with them, and the server is the same. What no
-- restore brings is the transaction that wrote the row, and a table that was emptied has another file: a comparison
-- that does not name both any more was made of other rows.
ALTER TABLE intake.comparison ADD COLUMN written text;   -- null: by an earlier version, which kept none

CREATE FUNCTION intake.files() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT pg_relation_filenode('intake.heads')::text || '/' || pg_relation_filenode('intake.facts')::text
$$;
