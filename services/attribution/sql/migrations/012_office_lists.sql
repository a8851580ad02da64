-- What an office looks for in its lists: its offices, its people and whether they are there, and when a deal was
-- signed or cancelled. What was folded before is told from the stored facts.
CREATE INDEX offices_of_scope ON offices (scope, office);
ALTER TABLE offices ADD COLUMN born bigint;                -- the `seq` of its first fact
UPDATE offices SET born = first.seq
FROM (SELECT scope, office, min(seq) AS seq FROM facts GROUP BY scope, office) AS first
WHERE first.scope = offices.scope AND first.office = offices.office;

ALTER TABLE staff ADD COLUMN office text;                  -- where they were enrolled last
ALTER TABLE staff ADD COLUMN away text;                    -- the reason, while they are away
ALTER TABLE staff ADD COLUMN away_since timestamptz;
CREATE TEMPORARY TABLE told ON COMMIT DROP AS
SELECT scope, seq, type, office, convert_from(body, 'UTF8')::jsonb AS event
FROM facts WHERE type IN ('staff.enrolled', 'staff.departed', 'staff.away', 'staff.back', 'shift.opened',
                          'deal.signed', 'deal.cancelled');
UPDATE staff SET office = last.office
FROM (
    SELECT DISTINCT ON (scope, staff) scope, event -> 'data' ->> 'staff' AS staff, office
    FROM told WHERE type = 'staff.enrolled' ORDER BY scope, staff, seq DESC
) AS last
WHERE last.scope = staff.scope AND last.staff = staff.staff;
UPDATE staff SET away = last.reason, away_since = last.at
FROM (
    SELECT DISTINCT ON (scope, staff) scope, staff, type, reason, at
    FROM (
        SELECT scope, seq, type, event -> 'data' ->> 'staff' AS staff, event -> 'data' ->> 'reason' AS reason,
               (event ->> 'occurred_at')::timestamptz AS at
        FROM told WHERE type IN ('staff.departed', 'staff.away', 'staff.back')
        UNION ALL
        SELECT scope, seq, type, jsonb_array_elements_text(event -> 'data' -> 'order'), NULL, NULL
        FROM told WHERE type = 'shift.opened'
    ) AS moves
    ORDER BY scope, staff, seq DESC
) AS last
WHERE last.scope = staff.scope AND last.staff = staff.staff AND last.type = 'staff.away';

ALTER TABLE deals ADD COLUMN signed_seq bigint;            -- the fact that signed it
ALTER TABLE deals ADD COLUMN cancelled_seq bigint;         -- the fact that cancelled it
UPDATE deals SET cancelled_seq = first.seq
FROM (
    SELECT deals.scope, deals.deal, min(told.seq) AS seq
    FROM told JOIN deals ON deals.scope = told.scope AND deals.deal = told.event -> 'data' ->> 'deal'
    WHERE told.type = 'deal.cancelled' AND told.seq > deals.born GROUP BY deals.scope, deals.deal
) AS first
WHERE first.scope = deals.scope AND first.deal = deals.deal;
UPDATE deals SET signed_seq = first.seq
FROM (
    SELECT deals.scope, deals.deal, min(told.seq) AS seq
    FROM told JOIN deals ON deals.scope = told.scope AND deals.deal = told.event -> 'data' ->> 'deal'
    WHERE told.type = 'deal.signed' AND told.seq > deals.born
      AND (deals.cancelled_seq IS NULL OR told.seq < deals.cancelled_seq)
    GROUP BY deals.scope, deals.deal
) AS first
WHERE first.scope = deals.scope AND first.deal = deals.deal;
