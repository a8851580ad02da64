-- What the consumer writes: position, claims, staff and alerts, all in one transaction.

-- name: positions
SELECT partition, next FROM positions WHERE topic = %(topic)s AND partition = ANY(%(partitions)s)

-- name: first_position
-- The first time that a partition is met.
INSERT INTO positions (topic, partition, next) VALUES (%(topic)s, %(partition)s, %(next)s)
ON CONFLICT (topic, partition) DO NOTHING

-- name: advance
-- Compare-and-set: a consumer that lost the partition finds no row and writes nothing.
UPDATE positions SET next = %(next)s, watermark = greatest(watermark, %(watermark)s)
WHERE topic = %(topic)s AND partition = %(partition)s AND next = %(expected)s

-- name: lock_position
SELECT next, watermark FROM positions WHERE topic = %(topic)s AND partition = %(partition)s FOR UPDATE

-- name: scope_seqs
SELECT scope, seq FROM scopes WHERE scope = ANY(%(scopes)s)

-- name: put_scopes
INSERT INTO scopes (scope, topic, partition, seq)
SELECT scope, %(topic)s, %(partition)s, seq FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[]) AS t (scope, seq)
ON CONFLICT (scope) DO UPDATE
SET seq = excluded.seq, topic = excluded.topic, partition = excluded.partition

-- name: heard
SELECT heard.scope, heard.seq, heard.digest
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[]) AS came (scope, seq) JOIN heard USING (scope, seq)

-- name: put_heard
INSERT INTO heard (scope, seq, digest)
SELECT * FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(digests)s::bytea[])
ON CONFLICT (scope, seq) DO UPDATE SET digest = excluded.digest

-- name: forget_heard
DELETE FROM heard USING unnest(%(scopes)s::text[], %(seqs)s::bigint[]) AS head (scope, seq)
WHERE heard.scope = head.scope AND heard.seq <= head.seq - %(keep)s

-- name: claims
SELECT c.scope, c.customer, c.claim_seq, c.owner, c.status, c.expires_at, c.replaced_by
FROM claims c
JOIN unnest(%(scopes)s::text[], %(customers)s::text[]) AS t (scope, customer)
  ON c.scope = t.scope AND c.customer = t.customer

-- name: put_claims
INSERT INTO claims (scope, customer, claim_seq, owner, status, expires_at, replaced_by)
SELECT * FROM unnest(
    %(scopes)s::text[], %(customers)s::text[], %(claim_seqs)s::bigint[], %(owners)s::text[], %(statuses)s::text[],
    %(ends)s::timestamptz[], %(replaced)s::text[])
ON CONFLICT (scope, customer) DO UPDATE
SET claim_seq = excluded.claim_seq, owner = excluded.owner, status = excluded.status,
    expires_at = excluded.expires_at, replaced_by = excluded.replaced_by

-- name: supersede
-- An alert whose call is under way keeps its state until the answer is there: what was sent was sent. A dead one stays
-- dead, so that it can be told that it never arrived, but is not tried again.
UPDATE alerts a
SET superseded_at = %(business_now)s,
    state = CASE WHEN a.lease IS NULL AND a.state IN ('due', 'failed', 'unknown') THEN 'superseded' ELSE a.state END,
    reason = CASE WHEN a.lease IS NULL AND a.state IN ('due', 'failed', 'unknown') THEN 'claim changed'
             ELSE a.reason END,
    retry_at = NULL,
    changed_at = clock_timestamp()
FROM unnest(%(scopes)s::text[], %(customers)s::text[], %(below)s::bigint[]) AS t (scope, customer, below)
WHERE a.scope = t.scope AND a.customer = t.customer AND a.claim_seq < t.below AND a.superseded_at IS NULL
  AND a.kind = 'claim'

-- name: put_alerts
INSERT INTO alerts (
    id, scope, customer, claim_seq, rung, audience, staff, owner, due_at, deadline, state, reason, superseded_at,
    traceparent, changed_at, made_business_at)
SELECT t.*, clock_timestamp(), %(business_now)s FROM unnest(
    %(ids)s::uuid[], %(scopes)s::text[], %(customers)s::text[], %(claim_seqs)s::bigint[], %(rungs)s::text[],
    %(audiences)s::text[], %(staff)s::text[], %(owners)s::text[], %(due)s::timestamptz[], %(deadlines)s::timestamptz[],
    %(states)s::text[], %(reasons)s::text[], %(superseded)s::timestamptz[], %(traces)s::text[]) AS t
ON CONFLICT (id) DO NOTHING

-- name: put_event
-- What no claim makes and none voids: it tells what has happened.
INSERT INTO alerts (
    id, scope, customer, claim_seq, rung, audience, staff, owner, due_at, deadline, state, traceparent, changed_at,
    kind, detail, made_business_at)
VALUES (%(id)s, %(scope)s, %(customer)s, %(seq)s, 'event', 'owner', %(staff)s, %(owner)s, %(due)s, %(at)s, 'due',
        %(trace)s, clock_timestamp(), 'event', %(detail)s, %(business_now)s)
ON CONFLICT (id) DO NOTHING

-- name: put_staff
INSERT INTO staff (scope, staff, name, role, contacts, departed)
VALUES (%(scope)s, %(staff)s, %(name)s, %(role)s, %(contacts)s, %(departed)s)
ON CONFLICT (scope, staff) DO UPDATE
SET name = excluded.name, role = excluded.role, contacts = excluded.contacts, departed = excluded.departed

-- name: put_irregular
INSERT INTO irregular (at, topic, partition, position, reason, value)
VALUES (clock_timestamp(), %(topic)s, %(partition)s, %(position)s, %(reason)s, %(value)s)
ON CONFLICT (topic, partition, position) DO NOTHING
