-- What became of messages that nobody has reported of: who is asked, and when again.

-- name: claim_questions
-- Messages of the last days without a report, whose time to be asked for has come. The time of the next question is set
-- before the first is put: of several notifiers one asks, and one that is killed in between has asked.
WITH open AS (
    SELECT DISTINCT ON (t.channel, message) t.channel, m.message, t.provider_id, coalesce(t.digest, t.alert) AS key,
           t.destination, t.started_at, coalesce(p.asked, 0) AS asked
    FROM attempts t
    CROSS JOIN LATERAL (SELECT coalesce(t.provider_id, coalesce(t.digest, t.alert)::text) AS message) m
    LEFT JOIN report_polls p ON p.channel = t.channel AND p.message = m.message
    WHERE t.channel = ANY(%(channels)s) AND (t.provider_id IS NOT NULL OR t.outcome = 'unknown')
      AND t.started_at > %(now)s - %(horizon)s AND t.started_at <= %(now)s - (%(waits)s::interval[])[1]
      AND (p.next_at IS NULL OR p.next_at <= %(now)s)
      AND NOT EXISTS (SELECT FROM receipts r WHERE r.alert = t.alert AND r.number = t.number)
    ORDER BY t.channel, message, t.started_at
    LIMIT %(limit)s
), claimed AS (
    INSERT INTO report_polls AS p (channel, message, asked, next_at)
    SELECT channel, message, asked + 1, coalesce(%(now)s + (%(waits)s::interval[])[asked + 2], 'infinity') FROM open
    ON CONFLICT (channel, message) DO UPDATE SET asked = EXCLUDED.asked, next_at = EXCLUDED.next_at
        WHERE p.next_at <= %(now)s AND p.asked < EXCLUDED.asked
    RETURNING channel, message
)
SELECT open.channel, open.message, open.provider_id, open.key, open.destination, open.started_at AS sent_at
FROM open JOIN claimed USING (channel, message)

-- name: postpone_question
-- It was not put, since the limit of questions is reached.
UPDATE report_polls SET asked = asked - 1, next_at = %(at)s WHERE channel = %(channel)s AND message = %(message)s
