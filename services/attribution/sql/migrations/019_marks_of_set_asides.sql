-- Which fact is being set aside: put before the journal is told and gone with the fact, so that no retry folds meanwhile
-- what the journal leaves out. Also what a process leaves that was killed between the two.
ALTER TABLE parked_scopes ADD COLUMN mark text;           -- made anew by whoever marks
ALTER TABLE parked_scopes ADD COLUMN marked_id text;      -- the event
ALTER TABLE parked_scopes ADD COLUMN marked_by text;
ALTER TABLE parked_scopes ADD COLUMN marked_at timestamptz;
