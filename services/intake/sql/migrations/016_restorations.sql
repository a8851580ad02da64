-- That the journal came back from a backup, and what was taken back then: never changed, and no fact, since none of it
-- was recorded by an office. Whoever reads the journal is to know that its rows are not those of before.
CREATE TABLE intake.restorations (
    number       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(), -- machine time
    act          text NOT NULL CHECK (act IN ('restored', 'taken_back')),
    done_by      text NOT NULL,                                  -- login and machine: evidence and no proof
    parts        text[] NOT NULL DEFAULT '{}',                   -- what was restored with it
    backed_up_at text,                                           -- when the backup says that it was made
    reached      jsonb NOT NULL                                  -- by scope: up to which seq; of what was taken back, which
);
CREATE TRIGGER restorations_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON intake.restorations
    FOR EACH STATEMENT EXECUTE FUNCTION intake.refuse_change();
