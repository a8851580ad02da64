-- The texts of a rulebook's chain by their lengths, root first: `text` holds them one behind another. A process that has
-- no such file builds the rulebook from them; empty where a text was kept before they were.
ALTER TABLE rulebooks ADD COLUMN lengths integer[] NOT NULL DEFAULT '{}';
