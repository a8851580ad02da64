-- What the consumer writes: position, claims, staff and alerts, all in one transaction.

-- name: positions
SELECT partition, next, source FROM positions WHERE topic = %(topic)s AND partition = ANY(%(partitions)s)

-- name: position_of
SELECT next, source FROM positions WHERE topic = %(topic)s AND partition = %(partition)s FOR UPDATE

-- name: first_position
-- The first time that a partition is met: what is in it already may have been told by a notifier whose rows are gone.
INSERT INTO positions (topic, partition, next, source, again_until, begun_at)
VALUES (%(topic)s, %(partition)s, %(first)s, %(source)s, %(until)s,
        CASE WHEN %(until)s::bigint IS NOT NULL THEN %(business_now)s::timestamptz END)
ON CONFLICT (topic, partition) DO NOTHING

-- name: name_position
-- What was restored from a backup hears again whatever came since, up to here.
UPDATE positions SET source = %(source)s, again_until = least(again_until, %(end)s) WHERE topic = %(topic)s AND partition = %(partition)s

-- name: rewind_position
-- Another log than the one of the position: from its first record on.
UPDATE positions SET next = %(first)s, source = %(source)s, again_until = %(until)s,
    begun_at = CASE WHEN next < again_until THEN begun_at END
WHERE topic = %(topic)s AND partition = %(partition)s

-- name: advance
-- Compare-and-set: a consumer that lost the partition, or reads another log, finds no row and writes nothing.
UPDATE positions SET next = %(next)s, watermark = greatest(watermark, %(watermark)s)
WHERE topic = %(topic)s AND partition = %(partition)s AND next = %(expected)s AND source = %(source)s

-- name: learn
-- Who reads another log, or is not as far, learns nothing.
UPDATE positions SET watermark = greatest(positions.watermark, told.watermark)
FROM unnest(%(partitions)s::integer[], %(sources)s::text[], %(offsets)s::bigint[], %(watermarks)s::timestamptz[])
    AS told (partition, source, "offset", watermark)
WHERE positions.topic = %(topic)s AND positions.partition = told.partition AND positions.source = told.source
  AND positions.next >= told."offset"

-- name: lock_position
SELECT next, watermark, source, again_until, begun_at FROM positions
WHERE topic = %(topic)s AND partition = %(partition)s FOR UPDATE

-- name: scope_seqs
SELECT scope, seq, edition, base, edition_began, timezone FROM scopes WHERE scope = ANY(%(scopes)s)

-- name: put_scopes
INSERT INTO scopes (scope, topic, partition, seq, edition, base, edition_began, timezone)
SELECT scope, %(topic)s, %(partition)s, seq, edition, base, began, zone
FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(editions)s::bigint[], %(bases)s::bigint[],
            %(began)s::timestamptz[], %(zones)s::text[]) AS t (scope, seq, edition, base, began, zone)
ON CONFLICT (scope) DO UPDATE
SET seq = excluded.seq, topic = excluded.topic, partition = excluded.partition, edition = excluded.edition,
    base = excluded.base, edition_began = excluded.edition_began,
    timezone = coalesce(excluded.timezone, scopes.timezone)

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
-- dead, so that it can be told that it never arrived, but is not tried again. The notice of a lapse stays, unless the
-- customer is that owner's again: that it was lost is so, whoever has it since.
UPDATE alerts a
SET superseded_at = %(business_now)s,
    state = CASE WHEN a.lease IS NULL AND a.state IN ('due', 'failed', 'unknown') THEN 'superseded' ELSE a.state END,
    reason = CASE WHEN a.lease IS NULL AND a.state IN ('due', 'failed', 'unknown') THEN 'claim changed'
             ELSE a.reason END,
    retry_at = NULL,
    changed_at = clock_timestamp()
FROM unnest(%(scopes)s::text[], %(customers)s::text[], %(below)s::bigint[], %(owners)s::text[])
     AS t (scope, customer, below, owner)
WHERE a.scope = t.scope AND a.customer = t.customer AND a.claim_seq < t.below AND a.superseded_at IS NULL
  AND a.kind = 'claim' AND (a.rung <> 'lapsed' OR a.owner = t.owner)

-- name: put_alerts
-- What is heard again is not told again: an alert of the same step, to the same person, for the same end.
INSERT INTO alerts (
    id, scope, customer, claim_seq, rung, audience, staff, owner, due_at, deadline, state, reason, superseded_at,
    traceparent, changed_at, made_business_at)
SELECT t.id, t.scope, t.customer, t.claim_seq, t.rung, t.audience, t.staff, t.owner, t.due_at, t.deadline, t.state,
       t.reason, t.superseded_at, t.traceparent, clock_timestamp(), %(business_now)s
FROM unnest(
    %(ids)s::uuid[], %(scopes)s::text[], %(customers)s::text[], %(claim_seqs)s::bigint[], %(rungs)s::text[],
    %(audiences)s::text[], %(staff)s::text[], %(owners)s::text[], %(due)s::timestamptz[], %(deadlines)s::timestamptz[],
    %(states)s::text[], %(reasons)s::text[], %(superseded)s::timestamptz[], %(traces)s::text[], %(again)s::boolean[])
    AS t (id, scope, customer, claim_seq, rung, audience, staff, owner, due_at, deadline, state, reason, superseded_at,
          traceparent, again)
WHERE NOT t.again OR NOT EXISTS (
    SELECT FROM alerts a
    WHERE a.customer = t.customer AND a.scope = t.scope AND a.kind = 'claim' AND a.rung = t.rung
      AND a.audience = t.audience AND a.owner IS NOT DISTINCT FROM t.owner AND a.deadline = t.deadline
      AND (a.state IN ('sent', 'dead') OR a.lease IS NOT NULL))
ON CONFLICT (id) DO NOTHING

-- name: revive
-- What only the reading of an older state again called off, and what is due for the claim as it stands after all. The
-- message in which it may have been told has gone on without it: it goes out under a key of its own.
UPDATE alerts a
SET state = 'due', reason = NULL, superseded_at = NULL, claim_seq = t.claim_seq, changed_at = clock_timestamp(),
    digest = CASE WHEN a.digest IS NOT NULL THEN a.id END
FROM unnest(%(scopes)s::text[], %(customers)s::text[], %(claim_seqs)s::bigint[], %(owners)s::text[],
            %(ends)s::timestamptz[], %(began)s::timestamptz[])
    AS t (scope, customer, claim_seq, owner, deadline, began)
WHERE a.customer = t.customer AND a.scope = t.scope AND a.kind = 'claim' AND a.state = 'superseded'
  AND a.lease IS NULL AND a.superseded_at >= t.began
  AND a.owner = t.owner AND a.deadline = t.deadline
  AND NOT EXISTS (
      SELECT FROM alerts other
      WHERE other.customer = a.customer AND other.scope = a.scope AND other.kind = 'claim' AND other.rung = a.rung
        AND other.audience = a.audience AND other.owner IS NOT DISTINCT FROM a.owner AND other.deadline = a.deadline
        AND other.id <> a.id
        AND (other.state <> 'superseded' OR other.lease IS NOT NULL OR other.claim_seq > a.claim_seq))

-- name: put_event
-- What no claim makes and none voids: it tells what has happened. Heard again, it may stand under whoever the customer
-- was before it was joined.
INSERT INTO alerts (
    id, scope, customer, claim_seq, rung, audience, staff, owner, due_at, deadline, state, traceparent, changed_at,
    kind, detail, made_business_at)
SELECT %(id)s, %(scope)s, %(customer)s, %(seq)s, 'event', 'owner', %(staff)s, %(owner)s, %(due)s, %(at)s, 'due',
       %(trace)s, clock_timestamp(), 'event', %(detail)s, %(business_now)s
WHERE NOT %(again)s OR NOT EXISTS (
    SELECT FROM alerts a
    WHERE a.customer IN (
        SELECT %(customer)s
        UNION ALL SELECT c.customer FROM claims c WHERE c.scope = %(scope)s AND c.replaced_by = %(customer)s)
      AND a.scope = %(scope)s AND a.kind = 'event' AND a.staff = %(staff)s
      AND a.deadline = %(at)s AND a.detail->>'event' = %(event)s)
ON CONFLICT (id) DO NOTHING

-- name: put_staff
-- Who leaves is not away; whoever is enrolled again is as they were until somebody says otherwise. A message that tells
-- what is known already changes no row.
INSERT INTO staff (scope, staff, name, role, contacts, departed, office, away)
VALUES (%(scope)s, %(staff)s, %(name)s, %(role)s, %(contacts)s, %(departed)s, %(office)s, coalesce(%(away)s, false))
ON CONFLICT (scope, staff) DO UPDATE
SET name = excluded.name, role = excluded.role, contacts = excluded.contacts, departed = excluded.departed,
    office = coalesce(excluded.office, staff.office),
    away = NOT excluded.departed AND coalesce(%(away)s, staff.away)
WHERE (staff.name, staff.role, staff.contacts, staff.departed, staff.office, staff.away)
      IS DISTINCT FROM (excluded.name, excluded.role, excluded.contacts, excluded.departed,
                        coalesce(excluded.office, staff.office),
                        NOT excluded.departed AND coalesce(%(away)s, staff.away))

-- name: put_irregular
INSERT INTO irregular (at, topic, partition, position, reason, value)
VALUES (clock_timestamp(), %(topic)s, %(partition)s, %(position)s, %(reason)s, %(value)s)
ON CONFLICT (topic, partition, position) DO NOTHING
