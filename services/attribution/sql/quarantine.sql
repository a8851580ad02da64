-- What a person sees and does in quarantine.

-- name: parked_list
SELECT parked.scope, parked.seq, parked.since, parked.error, count(facts.seq)
FROM parked_scopes AS parked LEFT JOIN parked_facts AS facts USING (scope)
GROUP BY parked.scope, parked.seq, parked.since, parked.error ORDER BY parked.since, parked.scope

-- name: parked_facts_of
SELECT seq, body, traceparent, contacts FROM parked_facts WHERE scope = %s ORDER BY seq LIMIT %s

-- name: dead_list
SELECT id, source, record, reason, sent FROM dead_records ORDER BY id DESC LIMIT %s

-- name: drop_parked_facts
DELETE FROM parked_facts WHERE scope = %s AND seq <= %s

-- name: drop_parked_scope
DELETE FROM parked_scopes WHERE scope = %s

-- name: lock_parked
-- Held until commit: of a retry and a fact that is being set aside, the second one sees what the first one did.
SELECT marked_id, marked_by, marked_at FROM parked_scopes WHERE scope = %s FOR UPDATE

-- name: mark
UPDATE parked_scopes SET mark = %(mark)s, marked_id = %(id)s, marked_by = %(by)s, marked_at = now()
WHERE scope = %(scope)s

-- name: unmark
-- Only by whoever marked last: another one may be telling the journal by now.
UPDATE parked_scopes SET mark = NULL, marked_id = NULL, marked_by = NULL, marked_at = NULL
WHERE scope = %(scope)s AND mark = %(mark)s

-- name: mark_anew
-- By whoever withdraws it: who marks it after that goes on, and the withdrawal comes to nothing.
UPDATE parked_scopes SET mark = %(mark)s WHERE scope = %(scope)s AND marked_id IS NOT NULL
RETURNING marked_id, marked_by, marked_at

-- name: put_withdrawn
INSERT INTO withdrawn_set_asides (scope, id, begun_by, begun_at, reason, by)
VALUES (%(scope)s, %(id)s, %(begun_by)s, %(begun_at)s, %(reason)s, %(by)s)

-- name: withdrawn_list
SELECT scope, id, begun_by, begun_at, reason, by, at FROM withdrawn_set_asides ORDER BY number DESC LIMIT %s

-- name: unmark_done
UPDATE parked_scopes SET mark = NULL, marked_id = NULL, marked_by = NULL, marked_at = NULL WHERE scope = %s

-- name: put_set_aside
INSERT INTO set_aside (scope, seq, id, reason, by, at, body, contacts)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bytea[],
                     %s::bytea[])

-- name: set_aside_of
SELECT seq, body, contacts, reason, by, at FROM set_aside WHERE scope = %s AND body IS NOT NULL ORDER BY seq

-- name: who_set_aside
SELECT by, at FROM set_aside WHERE scope = %s AND id = %s

-- name: failing
-- The first fact that waits; a scope that was parked by its sweep fails on none.
SELECT parked.since, facts.body
FROM parked_scopes AS parked LEFT JOIN LATERAL (
    SELECT seq, body FROM parked_facts WHERE parked_facts.scope = parked.scope ORDER BY seq LIMIT 1
) AS facts ON facts.seq = parked.seq
WHERE parked.scope = %s
