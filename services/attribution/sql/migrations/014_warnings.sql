-- Scopes, offices and people whom records name though nobody enrolled them: one row a value, for the office to judge.
CREATE TABLE warnings (
    scope     text   NOT NULL,
    rule      text   NOT NULL,
    value     text   NOT NULL,
    path      text   NOT NULL,                 -- where it stood first
    records   bigint NOT NULL,                 -- how many records name it
    first_seq bigint NOT NULL,
    last_seq  bigint NOT NULL,
    PRIMARY KEY (scope, rule, value)
) WITH (fillfactor = 80);
CREATE INDEX warnings_in_order ON warnings (scope, first_seq, (rule || ':' || value));

-- Of what was folded before, the people whom a field of a record names by itself, and who were not enrolled by then.
WITH enrolled AS MATERIALIZED (
    SELECT scope, convert_from(body, 'UTF8')::jsonb -> 'data' ->> 'staff' AS staff, min(seq) AS seq
    FROM facts WHERE type = 'staff.enrolled' GROUP BY 1, 2
)
INSERT INTO warnings (scope, rule, value, path, records, first_seq, last_seq)
SELECT named.scope, 'unknown_staff', named.staff, (array_agg(named.path ORDER BY named.seq))[1],
       count(DISTINCT named.seq), min(named.seq), max(named.seq)
FROM (
    SELECT facts.scope, facts.seq, 'data.' || named.key AS path, named.value #>> '{}' AS staff
    FROM facts, jsonb_each(convert_from(body, 'UTF8')::jsonb -> 'data') AS named
    WHERE facts.type <> 'staff.enrolled' AND jsonb_typeof(named.value) = 'string'
      AND named.key IN ('staff', 'received_by', 'on_behalf_of', 'designated', 'answered_by', 'by', 'confirmed_by',
                        'against', 'decided_by', 'rightful', 'to', 'requested_by', 'closed_by', 'opened_by',
                        'ruled_by', 'owner', 'consultant')
) AS named
LEFT JOIN enrolled ON enrolled.scope = named.scope AND enrolled.staff = named.staff
WHERE enrolled.seq IS NULL OR enrolled.seq > named.seq
GROUP BY named.scope, named.staff;
