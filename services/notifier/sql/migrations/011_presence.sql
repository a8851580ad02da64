-- Where a person works and whether they are there, as the journal tells, and in which zone the days of a scope end.
ALTER TABLE staff ADD COLUMN office text;                         -- the office of the last enrolment or absence
ALTER TABLE staff ADD COLUMN away boolean NOT NULL DEFAULT false; -- since the last staff.away, until they are back
ALTER TABLE scopes ADD COLUMN timezone text;                      -- that of the rulebook; empty until a message told it
