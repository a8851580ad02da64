-- Up to when everything was known when a message was decided: notifiers date by it what it tells.
ALTER TABLE outbox ADD COLUMN known_at timestamptz;
