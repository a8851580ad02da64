-- Said before, maybe under another seq: whoever heard it drops it by its content.
ALTER TABLE outbox ADD COLUMN restated boolean NOT NULL DEFAULT false;
