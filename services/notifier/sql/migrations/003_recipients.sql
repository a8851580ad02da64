-- Who a message went to where somebody stood in, and which alerts could reach nobody at all.
ALTER TABLE attempts ADD COLUMN recipient text;  -- staff id; empty in rows from before it was kept
ALTER TABLE alerts ADD COLUMN unreachable boolean NOT NULL DEFAULT false;
