-- Of an alert that was told in a message whose answer was lost: the key of that message, under which it goes out again.
ALTER TABLE alerts ADD COLUMN digest uuid;

DROP INDEX alerts_retry_to;
CREATE INDEX alerts_retry_to ON alerts (scope, staff, retry_at) WHERE state IN ('failed', 'unknown') AND lease IS NULL;
