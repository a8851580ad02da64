-- What stands under a customer's id, also where the rows of a scope are built anew beside the live ones: the table is
-- found by the search path of whoever asks.
CREATE OR REPLACE FUNCTION home_of(of_scope text, of_customer text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce((SELECT home FROM homes WHERE scope = of_scope AND customer = of_customer), of_customer) $$;

-- How often the rows of a scope were put right: whoever holds a copy in memory takes it for another one then.
ALTER TABLE scopes ADD COLUMN rebuilt bigint NOT NULL DEFAULT 0;

-- Audits of what is stored against what the facts give.
CREATE TABLE drift_audits (
    id          uuid PRIMARY KEY,
    scope       text,                          -- the only scope that is asked for; null: all
    asked_by    text NOT NULL,
    asked_at    timestamptz NOT NULL,          -- machine time
    state       text NOT NULL,                 -- waiting, running, ended, failed
    scopes      bigint NOT NULL DEFAULT 0,     -- that it is about
    audited     bigint NOT NULL DEFAULT 0,     -- that are done
    facts       bigint NOT NULL DEFAULT 0,     -- that were folded anew
    differences bigint NOT NULL DEFAULT 0,
    unknown     text[] NOT NULL DEFAULT '{}',  -- scopes of which it cannot tell, with the reason
    ended_at    timestamptz,
    problem     text
) WITH (fillfactor = 50);
CREATE INDEX drift_audits_in_order ON drift_audits (asked_at, id);

-- What differs, once for each place, from the audit that found it first to the one that found it last.
CREATE TABLE drift_findings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope       text NOT NULL,
    comparison  text NOT NULL,                 -- facts, events, messages, journal
    place       text NOT NULL,                 -- the table, or the topic
    row_key     text NOT NULL,
    field       text NOT NULL,
    stored      text,                          -- as it may be shown; null: there is none
    given       text,                          -- what the facts or the events give; null: nothing
    found_at    timestamptz NOT NULL,
    found_by    uuid NOT NULL REFERENCES drift_audits (id),
    last_at     timestamptz NOT NULL,
    gone_at     timestamptz,                   -- when an audit no longer found it
    seen_at     timestamptz,
    seen_by     text,
    note        text
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX drift_findings_by_place ON drift_findings (scope, comparison, place, row_key, field)
WHERE gone_at IS NULL;
CREATE INDEX drift_findings_open ON drift_findings (id) WHERE gone_at IS NULL AND seen_at IS NULL;
