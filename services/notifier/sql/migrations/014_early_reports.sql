-- Reports on messages by the number that a provider gave them, where the answer that holds the number is not here yet.
CREATE TABLE early_reports (
    channel     text NOT NULL,
    provider_id text NOT NULL,
    status      text NOT NULL CHECK (status IN ('delivered', 'failed', 'read')),
    told_at     text NOT NULL,          -- as the provider writes it
    answer      text NOT NULL,
    at          timestamptz NOT NULL,   -- machine time
    business_at timestamptz NOT NULL,   -- business time
    PRIMARY KEY (channel, provider_id, status)
);

CREATE INDEX attempts_unanswered ON attempts (channel, started_at) WHERE outcome IS NULL OR outcome = 'unknown';
