-- A fact that was set aside, as it was recorded, and what its phones were read as: it stands in the history of whoever
-- it was about, with who took it out of the judging, when and why. Empty where it was set aside before.
ALTER TABLE set_aside ADD COLUMN body bytea;
ALTER TABLE set_aside ADD COLUMN contacts bytea;
