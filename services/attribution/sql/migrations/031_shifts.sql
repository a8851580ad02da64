-- When an office opened its last shift: the desk is to say in the morning that none is open yet.
CREATE INDEX shifts_of_office ON facts (scope, office, seq) WHERE type = 'shift.opened';
