-- The record is named with its schema: it is written within the transactions of others.

-- name: lock_record
-- One writer at a time, until its transaction ends: the chain has one end.
SELECT pg_advisory_xact_lock(hashtextextended('panke.access.record', 0))

-- name: head
SELECT seq, digest FROM access_record.entries ORDER BY seq DESC LIMIT 1

-- name: known_ids
SELECT id FROM access_record.entries WHERE id = ANY(%(ids)s)

-- name: append
INSERT INTO access_record.entries (seq, id, at, act, account, scope, customer, body, before, digest)
VALUES (%(seq)s, %(id)s, %(at)s, %(act)s, %(account)s, %(scope)s, %(customer)s, %(body)s, %(before)s, %(digest)s)

-- name: page
-- The newest first. Without `scopes` everything, also what belongs to no scope.
SELECT seq, body FROM access_record.entries
WHERE (%(before)s::bigint IS NULL OR seq < %(before)s)
  AND (%(act)s::text IS NULL OR act = %(act)s)
  AND (%(account)s::text IS NULL OR account = %(account)s)
  AND (%(scope)s::text IS NULL OR scope = %(scope)s)
  AND (%(customer)s::text IS NULL OR customer = %(customer)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
  AND (%(scopes)s::text[] IS NULL OR scope = ANY(%(scopes)s))
ORDER BY seq DESC LIMIT %(limit)s

-- name: chain
SELECT seq, id, at, act, account, scope, customer, body, before, digest FROM access_record.entries
WHERE seq > %(after)s ORDER BY seq LIMIT %(limit)s

-- name: many_openings
-- Who opened how many customers of late: those who are named, once each, and as many as a page or an export showed.
SELECT count(*) FROM (
    SELECT account FROM access_record.entries
    WHERE act IN ('opened', 'exported') AND at > %(since)s AND account IS NOT NULL
    GROUP BY account
    HAVING count(DISTINCT (scope, customer)) FILTER (WHERE customer IS NOT NULL)
           + coalesce(sum((convert_from(body, 'UTF8')::jsonb->>'count')::bigint) FILTER (WHERE customer IS NULL), 0)
           > %(most)s) AS opener
