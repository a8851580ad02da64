-- A journal that was begun in clear is put under seal once (ADR 0051). Who did it stands for good; while it is not through,
-- the journal is of neither kind, and no service takes or reads facts.
CREATE TABLE intake.sealing_over (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    by       text NOT NULL,        -- the login of the operating system and the machine: evidence, and no proof
    began_at timestamptz NOT NULL, -- machine time
    ended_at timestamptz,
    facts    bigint NOT NULL DEFAULT 0
);
