-- Proof of what was told: every change of state with both times, and what became of a message behind the answer.

ALTER TABLE alerts ADD COLUMN made_at timestamptz;          -- machine time
ALTER TABLE alerts ADD COLUMN made_business_at timestamptz; -- business time
ALTER TABLE alerts ALTER COLUMN made_at SET DEFAULT clock_timestamp();

CREATE TABLE transitions (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert       uuid NOT NULL,
    at          timestamptz NOT NULL,    -- machine time
    business_at timestamptz,             -- business time; empty where a person changed the row by hand
    state       text NOT NULL,
    reason      text
);

CREATE INDEX transitions_of ON transitions (alert, id);

-- A trigger, so that no statement can change a state without its being on record. The business time comes with the
-- transaction (`set_business_now`): PostgreSQL's own clock is the machine's.
CREATE FUNCTION record_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO transitions (alert, at, business_at, state, reason)
    VALUES (NEW.id, clock_timestamp(), nullif(current_setting('panke.business_now', true), '')::timestamptz, NEW.state,
            CASE WHEN NEW.state = OLD.state THEN 'claim changed' ELSE NEW.reason END);
    RETURN NULL;
END
$$;

CREATE TRIGGER record_transition AFTER UPDATE OF state, superseded_at ON alerts FOR EACH ROW
WHEN (OLD.state IS DISTINCT FROM NEW.state OR (OLD.superseded_at IS NULL AND NEW.superseded_at IS NOT NULL))
EXECUTE FUNCTION record_transition();

-- By the provider's own id of a message its report finds the attempt.
ALTER TABLE attempts ADD COLUMN provider_id text;
CREATE INDEX attempts_by_provider_id ON attempts (channel, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX attempts_by_digest ON attempts (digest) WHERE digest IS NOT NULL;

-- What providers and receivers report of a message later on; a report that comes twice is one row.
CREATE TABLE receipts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert       uuid NOT NULL,
    number      integer NOT NULL,
    status      text NOT NULL CHECK (status IN ('delivered', 'failed', 'read')),
    told_at     text NOT NULL,           -- as the provider writes it
    answer      text NOT NULL,
    at          timestamptz NOT NULL,    -- machine time
    business_at timestamptz NOT NULL,    -- business time
    UNIQUE (alert, number, status, told_at)
);
