-- What may have arrived, what was reported as failed, and why an alert waits.

-- The receiver itself has said that it failed (5xx): most likely the message was not taken.
ALTER TABLE attempts ADD COLUMN server_failed boolean NOT NULL DEFAULT false;

-- Why nobody has been told yet, for the figures; and whose mending is waited for.
ALTER TABLE alerts ADD COLUMN waits_for text;
ALTER TABLE alerts ADD COLUMN waits_on text[] NOT NULL DEFAULT '{}';
-- Machine time: a person has had it tried again; what came of the attempts before counts no more.
ALTER TABLE alerts ADD COLUMN fresh_from timestamptz;

CREATE INDEX alerts_waiting ON alerts USING gin (waits_on) WHERE state = 'failed' AND lease IS NULL;

-- A receiver that has said until when it wants no call; a restart does not forget that.
ALTER TABLE breakers ADD COLUMN held boolean NOT NULL DEFAULT false;

-- Reports that may change what becomes of an alert, until the dispatcher has looked at them.
ALTER TABLE receipts ADD COLUMN open boolean NOT NULL DEFAULT false;
CREATE INDEX receipts_open ON receipts (id) WHERE open;
CREATE INDEX receipts_failed ON receipts (alert, number) WHERE status = 'failed';
