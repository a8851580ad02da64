-- Which facts name what, so that a historic question on one customer reads the facts that bear on it (ADR 0052).
-- A name is a digest of eight bytes: of a contact, a visit, a deal, a dispute, a record that is corrected, a customer by
-- the fact that began it; and one for the header of the scope.
CREATE TABLE bearings (
    scope text   NOT NULL,
    name  bigint NOT NULL,
    seq   bigint NOT NULL,
    PRIMARY KEY (scope, name, seq)
);

-- Up to which fact of a scope that is noted. What was folded before, or by an earlier version beside this one, is noted
-- afterwards; until then historic questions on the scope read all of it.
ALTER TABLE scopes ADD COLUMN borne_seq bigint NOT NULL DEFAULT 0;

-- Flags and penalties by the record that they are about.
ALTER TABLE flags ADD COLUMN event text;
ALTER TABLE penalties ADD COLUMN event text;
UPDATE flags SET event = convert_from(body, 'UTF8')::jsonb ->> 'event';
UPDATE penalties SET event = convert_from(body, 'UTF8')::jsonb ->> 'event';
CREATE INDEX flags_of_event ON flags (scope, event);
CREATE INDEX penalties_of_event ON penalties (scope, event);
