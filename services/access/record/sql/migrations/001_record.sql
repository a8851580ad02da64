-- The record of access: who came in, who was refused, who saw what. Rows are added and never changed: each holds the
-- digest of the one before it, so that a change shows, and the database refuses one besides.
CREATE TABLE entries (
    seq bigint PRIMARY KEY, -- from 1, without gaps
    id uuid NOT NULL UNIQUE, -- of who reported it: a repetition is the same entry
    at timestamptz NOT NULL,
    act text NOT NULL,
    account text,
    scope text,
    customer text,
    body bytea NOT NULL, -- the entry as it is chained, JSON
    before bytea NOT NULL, -- the digest of the entry before it
    digest bytea NOT NULL -- SHA-256 over that one and the body
);
CREATE INDEX entries_by_account ON entries (account, seq);
CREATE INDEX entries_by_scope ON entries (scope, seq);
CREATE INDEX entries_by_customer ON entries (scope, customer, seq) WHERE customer IS NOT NULL;
CREATE INDEX entries_by_act ON entries (act, at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record of access is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE ON entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_are_kept BEFORE TRUNCATE ON entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
