-- Replays that somebody asked for (contract.md#replays-over-http): what is asked, how far it is, and what came of it.
-- A process takes one under a lease; one whose lease ran out is taken again. Nothing that was decided refers to them.
CREATE TABLE replays (
    id         uuid PRIMARY KEY,
    scope      text NOT NULL,
    caller     text NOT NULL,              -- the account, by which its open ones are counted
    login      text NOT NULL,
    asked      bytea NOT NULL,             -- what is changed, JSON
    texts      bytea[],                    -- the rulebook's chain, root first; null: as adopted
    added      bytea[] NOT NULL,           -- the facts put in, as intake would keep them
    as_of_seq  bigint NOT NULL,
    state      text NOT NULL DEFAULT 'waiting'
               CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    attempts   integer NOT NULL DEFAULT 0,
    lease      uuid,
    leased_until timestamptz,              -- machine time
    stop       boolean NOT NULL DEFAULT false,  -- to be cancelled by who runs it
    judged     bigint NOT NULL DEFAULT 0,
    total      bigint,
    problem    bytea,
    counts     bytea,
    result     bytea,                      -- gzip of the result, JSON, sealed where the facts are
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at   timestamptz
);
CREATE INDEX replays_of_scope ON replays (scope, created_at DESC, id);
CREATE INDEX open_replays ON replays (created_at, id) WHERE state IN ('waiting', 'running');
CREATE INDEX ended_replays ON replays (ended_at) WHERE ended_at IS NOT NULL;
