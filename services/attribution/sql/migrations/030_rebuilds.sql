-- Which scopes were put right, from what, and how many rows of each table that changed.
CREATE TABLE rebuilds (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope  text   NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(), -- machine time
    source text   NOT NULL,                    -- facts or events
    why    text   NOT NULL,
    rows   jsonb  NOT NULL,
    told   bigint NOT NULL                     -- claims that were told anew
);
