-- What is being told anew: how far it has come, so that no transaction is longer for a large scope and a kill in between
-- goes on where it was. `cause` is the topic for which it is, or that somebody asked.
CREATE TABLE restatements (
    scope text   NOT NULL,
    cause text   NOT NULL,
    stage text   NOT NULL DEFAULT 'decisions',
    after jsonb  NOT NULL DEFAULT '[]',        -- behind which row of the stage it goes on
    told  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (scope, cause)
) WITH (fillfactor = 50);
