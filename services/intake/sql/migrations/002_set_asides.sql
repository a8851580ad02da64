-- Facts that do not count (architecture, choice 6). The fact itself stays in the journal; this row says beside
-- it that the judging leaves it out. body is the line of the export, sealed by the codec of party data.
CREATE TABLE intake.set_asides (
    id    uuid PRIMARY KEY,
    scope text NOT NULL,
    at    timestamptz NOT NULL,
    body  bytea NOT NULL
);
CREATE INDEX set_asides_of_scope ON intake.set_asides (scope, at, id);

-- As much evidence as the facts are: who set one aside cannot take it back unseen.
CREATE TRIGGER set_asides_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON intake.set_asides
    FOR EACH STATEMENT EXECUTE FUNCTION intake.refuse_change();
