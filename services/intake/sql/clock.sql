-- Statements of the watch over the clocks.

-- name: clocks
-- The latest time of the journal is asked for at the start alone: it is a look at every scope's head.
SELECT clock_timestamp(),
       CASE WHEN %(journal)s THEN greatest((SELECT max(recorded_at) FROM intake.heads),
                                           (SELECT promised_at FROM intake.watermark)) END,
       coalesce((SELECT max(id) FROM intake.time_confirmations), 0),
       (SELECT max(journal_until) FROM intake.time_confirmations)

-- name: keep_anchor
INSERT INTO intake.clock_anchors (boot, wall, since_boot) VALUES (%(boot)s, %(wall)s, %(up)s)
ON CONFLICT (boot) DO UPDATE SET wall = excluded.wall, since_boot = excluded.since_boot

-- name: anchor
SELECT wall, since_boot FROM intake.clock_anchors WHERE boot = %(boot)s

-- name: confirm_time
INSERT INTO intake.time_confirmations (by, reason, confirmed_at, journal_until)
SELECT %(by)s, %(reason)s, clock_timestamp(),
       greatest((SELECT max(recorded_at) FROM intake.heads), (SELECT promised_at FROM intake.watermark))
RETURNING confirmed_at, journal_until
