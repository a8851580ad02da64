-- Channels that failed lately, shared by all notifiers. Times are the machine's.

-- name: breaker
SELECT open_until FROM breakers WHERE channel = %(channel)s

-- name: probe_breaker
-- Whoever moves the time is the one that tries; the others find it open.
UPDATE breakers SET open_until = %(until)s, changed_at = %(now)s
WHERE channel = %(channel)s AND open_until <= %(now)s
RETURNING channel

-- name: fail_breaker
-- Calls that were under way when the channel was closed fail too, and close it no further: only who tried it again does.
INSERT INTO breakers (channel, failures, open_until, reason, changed_at)
VALUES (%(channel)s, 1, CASE WHEN %(threshold)s <= 1 THEN %(now)s + %(base)s END, %(reason)s, %(now)s)
ON CONFLICT (channel) DO UPDATE
SET failures = breakers.failures + 1, reason = excluded.reason, changed_at = excluded.changed_at, held = false,
    open_until = CASE WHEN breakers.failures + 1 >= %(threshold)s
                 THEN greatest(breakers.open_until,
                               %(now)s + least(%(base)s * power(2, least(breakers.failures + 1 - %(threshold)s, 20)),
                                               %(longest)s))
                 END
WHERE %(probe)s OR breakers.open_until IS NULL OR breakers.open_until <= %(now)s

-- name: hold_breaker
-- As long as the receiver has asked for, and not until a count of failures is full.
INSERT INTO breakers (channel, failures, open_until, reason, changed_at, held)
VALUES (%(channel)s, 1, %(until)s, %(reason)s, %(now)s, true)
ON CONFLICT (channel) DO UPDATE
SET reason = excluded.reason, changed_at = excluded.changed_at, held = true,
    open_until = greatest(breakers.open_until, excluded.open_until)

-- name: mend_breaker
DELETE FROM breakers WHERE channel = %(channel)s

-- name: open_breakers
SELECT channel FROM breakers WHERE open_until IS NOT NULL
