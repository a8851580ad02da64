-- What each phone of a fact was read as when intake recorded it: a newer phone library must not make another
-- customer of an old record, however often its facts are folded again (architecture, choice 8).
ALTER TABLE facts ADD COLUMN contacts bytea;
ALTER TABLE parked_facts ADD COLUMN contacts bytea;
