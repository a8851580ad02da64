-- What the record of access is to be told of this service, until access has taken it; written before the answer leaves.
-- Reports of openings are never dropped: what access refuses stays, with its reason.
CREATE TABLE access_reports (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      uuid NOT NULL UNIQUE, -- by which access knows a repetition
    at      timestamptz NOT NULL, -- machine time
    act     text NOT NULL,
    body    bytea NOT NULL,       -- the report, JSON
    problem text                  -- why access would not take it
);
