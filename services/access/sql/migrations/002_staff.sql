-- Who is enrolled as what, at which office: as the facts of intake say, and nothing else of them.
CREATE TABLE staff (
    scope text NOT NULL,
    staff text NOT NULL,
    role text NOT NULL,
    office text NOT NULL,
    departed boolean NOT NULL,
    seq bigint NOT NULL, -- of the fact that said so
    PRIMARY KEY (scope, staff)
);

-- How far each partition is consumed. A position counts only beside the log that it was made in.
CREATE TABLE positions (
    topic text NOT NULL,
    partition integer NOT NULL,
    next bigint NOT NULL,
    source text NOT NULL, -- cluster/topic@topic-id:partition
    PRIMARY KEY (topic, partition)
);
