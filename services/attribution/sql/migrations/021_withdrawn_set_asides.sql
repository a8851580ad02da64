-- What was begun to be set aside and was withdrawn before the journal had recorded it: who, when and why.
CREATE TABLE withdrawn_set_asides (
    number   bigserial PRIMARY KEY,
    scope    text NOT NULL,
    id       text NOT NULL,                    -- the event
    begun_by text NOT NULL,
    begun_at timestamptz NOT NULL,
    reason   text NOT NULL,
    by       text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);
