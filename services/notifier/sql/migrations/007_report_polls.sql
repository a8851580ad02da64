-- Asking a provider what became of a message, where it cannot reach our address to tell: how often that was done, and
-- when again. All times are the machine's.
CREATE TABLE report_polls (
    channel  text NOT NULL,
    message  text NOT NULL,             -- the provider's id of the message, else the key that we gave
    asked    integer NOT NULL,
    next_at  timestamptz NOT NULL,      -- infinity: it was asked for often enough
    PRIMARY KEY (channel, message)
) WITH (fillfactor = 50);

CREATE INDEX attempts_to_ask ON attempts (channel, started_at) WHERE provider_id IS NOT NULL OR outcome = 'unknown';
