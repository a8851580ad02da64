-- The last sendings to each robot and number, so that no provider's limit is passed, whichever process sends.
-- All times are the machine's.
CREATE TABLE send_limits (
    key         text PRIMARY KEY,        -- a robot by the digest of its token, or sender, signature, template and number
    stamps      timestamptz[] NOT NULL DEFAULT '{}', -- of the last sendings, oldest first; as many as the largest limit
    held_until  timestamptz,             -- the provider has said that it was too much
    idle_at     timestamptz NOT NULL     -- from then on no limit looks at the row
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0.0);

CREATE INDEX send_limits_idle ON send_limits (idle_at);
