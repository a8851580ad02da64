-- Several alerts in one message, channels that are left alone while they fail, and alerts that no claim makes.
ALTER TABLE alerts ADD COLUMN kind text NOT NULL DEFAULT 'claim' CHECK (kind IN ('claim', 'event'));
ALTER TABLE alerts ADD COLUMN detail jsonb;           -- of an event: what there is to say
-- Waits for the limit of a channel: it goes out together with whatever else waits for the same person.
ALTER TABLE alerts ADD COLUMN limited boolean NOT NULL DEFAULT false;
ALTER TABLE attempts ADD COLUMN digest uuid;          -- the message that told of several alerts
ALTER TABLE attempts ADD COLUMN answered_business_at timestamptz;

-- What else is due to the same person.
CREATE INDEX alerts_due_to ON alerts (scope, coalesce(staff, ''), due_at) WHERE state = 'due' AND lease IS NULL;
CREATE INDEX alerts_retry_to ON alerts (scope, staff, retry_at) WHERE state = 'failed' AND lease IS NULL;

-- Channels that failed lately; no row: none did. All times are the machine's.
CREATE TABLE breakers (
    channel    text PRIMARY KEY,
    failures   integer NOT NULL,      -- in a row
    open_until timestamptz,           -- nothing is sent before; then one call tries
    reason     text NOT NULL,
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 50);
