-- How often each robot and number was sent to, and until when a provider wants no more. Times come as parameters.

-- name: lock_limit
-- Made or found, the row is locked until the sending is counted.
INSERT INTO send_limits (key, idle_at) VALUES (%(key)s, %(now)s)
ON CONFLICT (key) DO UPDATE SET idle_at = greatest(send_limits.idle_at, excluded.idle_at)
RETURNING stamps, held_until

-- name: read_limit
SELECT stamps, held_until FROM send_limits WHERE key = %(key)s

-- name: count_sending
UPDATE send_limits SET stamps = %(stamps)s::timestamptz[], idle_at = greatest(idle_at, %(idle_at)s) WHERE key = %(key)s

-- name: hold_limit
INSERT INTO send_limits (key, held_until, idle_at) VALUES (%(key)s, %(until)s, %(until)s)
ON CONFLICT (key) DO UPDATE
SET held_until = greatest(send_limits.held_until, excluded.held_until),
    idle_at = greatest(send_limits.idle_at, excluded.idle_at)

-- name: forget_idle_limits
-- Rows that no limit looks at any more hold numbers of people for nothing. Another's locked rows are left to it.
DELETE FROM send_limits
WHERE key IN (SELECT key FROM send_limits WHERE idle_at < %(now)s ORDER BY idle_at LIMIT 10 FOR UPDATE SKIP LOCKED)
