-- Corrections and approvals by the record that they are about: they concern whoever that record names, and stand in
-- the history of that customer. What was folded before is told from the stored facts and flags.
CREATE TABLE remarks (
    scope  text    NOT NULL,
    record text    NOT NULL,                   -- the id of the event that was corrected or approved
    seq    bigint  NOT NULL,                   -- the fact that says so
    taken  boolean NOT NULL,                   -- false where the approvals that the rulebook asks for were missing
    PRIMARY KEY (scope, record, seq)
);

INSERT INTO remarks (scope, record, seq, taken)
SELECT told.scope, told.record, told.seq, bool_and(flagged.flag IS DISTINCT FROM 'unapproved')
FROM (
    SELECT scope, seq, id, convert_from(body, 'UTF8')::jsonb -> 'data' ->> 'record' AS record
    FROM facts WHERE type IN ('record.corrected', 'record.approved')
) AS told
LEFT JOIN (
    SELECT scope, convert_from(body, 'UTF8')::jsonb ->> 'event' AS event,
           convert_from(body, 'UTF8')::jsonb ->> 'flag' AS flag
    FROM flags
) AS flagged ON flagged.scope = told.scope AND flagged.event = told.id
GROUP BY told.scope, told.record, told.seq
HAVING bool_and(flagged.flag IS DISTINCT FROM 'unknown_record');
