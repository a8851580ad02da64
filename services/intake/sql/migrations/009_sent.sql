-- How far each scope was sent and acknowledged, beside the offsets: where heads, facts and ids were cut alike and the
-- offsets stayed, nothing else says that the journal once went further. Not in heads, which would be cut with it.
CREATE TABLE intake.sent (
    scope text PRIMARY KEY,
    seq   bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
INSERT INTO intake.sent (scope, seq) SELECT scope, seq FROM intake.heads;
