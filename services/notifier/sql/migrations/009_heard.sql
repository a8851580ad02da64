-- By digest the last messages of each scope that were taken in: one that comes again is told from another one under
-- its seq. A relay repeats a round at most, so older ones go.
CREATE TABLE heard (
    scope  text   NOT NULL,
    seq    bigint NOT NULL,
    digest bytea  NOT NULL,
    PRIMARY KEY (scope, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
