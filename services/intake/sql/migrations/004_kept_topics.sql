-- Which topic has what was acknowledged, and how far each of its partitions reached: another one, or less of it, is
-- filled again from the journal.
CREATE TABLE intake.kept_topics (
    topic    text PRIMARY KEY,
    cluster  text NOT NULL,
    topic_id text NOT NULL,
    firsts   bigint[] NOT NULL,
    ends     bigint[] NOT NULL
) WITH (fillfactor = 50);

-- Facts that were acknowledged once and are sent again count for no backlog: no office is to wait for them.
ALTER TABLE intake.outbox ADD COLUMN again boolean NOT NULL DEFAULT false;
