-- Who is enrolled in a scope, so that whoever records a name that nobody enrolled is told in the answer; and what was
-- told of each event, since a repetition gets the first answer.
CREATE TABLE intake.staff (
    scope       text NOT NULL,
    staff       text NOT NULL,
    departed_at timestamptz,                   -- null while they are there
    PRIMARY KEY (scope, staff)
);
INSERT INTO intake.staff (scope, staff, departed_at)
SELECT DISTINCT ON (scope, staff) scope, staff, CASE type WHEN 'staff.departed' THEN at END
FROM (
    SELECT scope, seq, type, event -> 'data' ->> 'staff' AS staff, (event ->> 'occurred_at')::timestamptz AS at
    FROM (
        SELECT scope, seq, type, convert_from(body, 'UTF8')::jsonb AS event
        FROM intake.facts WHERE type IN ('staff.enrolled', 'staff.departed')
    ) AS told
) AS moves
ORDER BY scope, staff, seq DESC;

ALTER TABLE intake.event_ids ADD COLUMN warnings bytea;
