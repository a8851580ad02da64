-- Jobs that judge stored facts otherwise than they were. All times are machine time.

-- name: lock_replays
-- Two who ask at once are counted one after the other.
SELECT pg_advisory_xact_lock(hashtextextended('panke.attribution.replays', 0))

-- name: open_replays
-- How many wait or run, and how many of them are this caller's.
SELECT count(*) AS open, count(*) FILTER (WHERE caller = %(caller)s) AS of_caller
FROM replays WHERE state IN ('waiting', 'running')

-- name: put_replay
INSERT INTO replays (id, scope, caller, login, asked, texts, added, as_of_seq)
VALUES (%(id)s, %(scope)s, %(caller)s, %(login)s, %(asked)s, %(texts)s, %(added)s, %(as_of_seq)s)

-- name: replay_by_id
SELECT id, scope, login, asked, as_of_seq, state, judged, total, problem, counts, created_at, started_at, ended_at
FROM replays WHERE id = %(id)s

-- name: replays_of_scope
SELECT id, scope, login, asked, as_of_seq, state, judged, total, problem, counts, created_at, started_at, ended_at
FROM replays WHERE scope = %(scope)s ORDER BY created_at DESC, id LIMIT %(limit)s

-- name: result_of_replay
SELECT result FROM replays WHERE id = %(id)s AND state = 'done'

-- name: fail_left_replays
-- Those that were left as often as one is taken up.
UPDATE replays SET state = 'failed', problem = %(problem)s, ended_at = now(), lease = NULL
WHERE state = 'running' AND leased_until < now() AND attempts >= %(most)s
RETURNING id

-- name: take_replay
-- The one that waits longest, or that a process left behind.
UPDATE replays SET state = 'running', lease = %(lease)s, leased_until = now() + make_interval(secs => %(seconds)s),
    attempts = attempts + 1, started_at = coalesce(started_at, now()), judged = 0, total = NULL
WHERE id = (
    SELECT id FROM replays
    WHERE state = 'waiting' OR (state = 'running' AND leased_until < now())
    ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, scope, asked, texts, added, as_of_seq, stop

-- name: hold_replay
-- The lease goes on; no row where it is another's now.
UPDATE replays SET leased_until = now() + make_interval(secs => %(seconds)s), judged = %(judged)s, total = %(total)s
WHERE id = %(id)s AND lease = %(lease)s RETURNING stop

-- name: end_replay
UPDATE replays SET state = %(state)s, ended_at = now(), lease = NULL, problem = %(problem)s, counts = %(counts)s,
    result = %(result)s, judged = coalesce(%(judged)s, judged)
WHERE id = %(id)s AND lease = %(lease)s

-- name: leave_replay
-- A process that stops gives it back, as if it had not begun.
UPDATE replays SET state = 'waiting', lease = NULL, attempts = attempts - 1, judged = 0, total = NULL
WHERE id = %(id)s AND lease = %(lease)s

-- name: cancel_replay
-- One that waits ends at once, one that runs when its process hears of it.
UPDATE replays SET stop = true, state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END,
    ended_at = CASE state WHEN 'waiting' THEN now() END
WHERE id = %(id)s AND state IN ('waiting', 'running') RETURNING state

-- name: delete_replay
DELETE FROM replays WHERE id = %(id)s AND state NOT IN ('waiting', 'running')

-- name: delete_old_replays
DELETE FROM replays WHERE ended_at < now() - make_interval(days => %(days)s)

-- name: replays_by_state
SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'running') AS running
FROM replays WHERE state IN ('waiting', 'running')

-- name: facts_to_replay
SELECT id, body, contacts FROM facts WHERE scope = %(scope)s AND seq <= %(seq)s ORDER BY seq
