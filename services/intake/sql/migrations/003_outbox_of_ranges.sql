-- A row of the outbox is a range of facts of one scope, as one group of the committer journalled them: a row and
-- its index entries for each fact, written to be deleted again, were a third of what the journal cost the server.
ALTER TABLE intake.outbox RENAME COLUMN seq TO first_seq;
ALTER TABLE intake.outbox ADD COLUMN last_seq bigint;
UPDATE intake.outbox SET last_seq = first_seq;
ALTER TABLE intake.outbox ALTER COLUMN last_seq SET NOT NULL, ADD CHECK (last_seq >= first_seq);

-- Only sending a scope again looks for the rows of one scope, and may well read them all.
DROP INDEX intake.outbox_by_scope;
