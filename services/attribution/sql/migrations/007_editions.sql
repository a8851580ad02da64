-- Which topic has the messages that were acknowledged, and how far each of its partitions reached: another one, or less
-- of it, is told anew how everything stands.
CREATE TABLE kept_topics (
    topic    text PRIMARY KEY,
    cluster  text NOT NULL,
    topic_id text NOT NULL,
    firsts   bigint[] NOT NULL,
    ends     bigint[] NOT NULL
) WITH (fillfactor = 50);

-- The `seq` of messages counts within an edition. Rows that were built anew, or restored, number other messages by the
-- same `seq` as those before them: they are an edition of their own, with a higher number than any before.
CREATE TABLE edition (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL
);
INSERT INTO edition (number) VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
