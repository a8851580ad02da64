-- What the dispatcher asks and writes. Business times come as parameters, and so does machine time, by which retries go;
-- leases go by the clock of the database alone, since several notifiers must agree on whose they are. They begin and end
-- by the time of the transaction, which is one for all rows: were it the time of each row, a look between two of them
-- would find one half of a message over and the other not.

-- name: claim_due
-- Due by the business clock, and either covered by the watermark of its scope's partition or waited for long enough.
WITH picked AS (
    SELECT a.id
    FROM alerts a
    JOIN scopes s ON s.scope = a.scope
    JOIN positions p ON p.topic = s.topic AND p.partition = s.partition
    WHERE a.state = 'due' AND a.lease IS NULL AND a.due_at <= %(business_now)s
      AND (a.due_at <= p.watermark OR a.waiting_since <= %(machine_now)s - %(patience)s)
    ORDER BY a.due_at
    LIMIT %(limit)s
    FOR UPDATE OF a SKIP LOCKED
)
UPDATE alerts a
SET lease = %(lease)s, leased_until = now() + %(term)s
FROM picked
WHERE a.id = picked.id

-- name: claim_retries
-- Of a message that may have arrived, the member that comes first stands for all: two notifiers that each took some of
-- them would send two messages under one key.
WITH picked AS (
    SELECT a.id
    FROM alerts a
    WHERE a.state IN ('failed', 'unknown') AND a.lease IS NULL AND a.retry_at <= %(machine_now)s
      AND NOT EXISTS (SELECT FROM alerts b
                      WHERE b.digest = a.digest AND b.id <> a.id
                        AND (b.lease IS NOT NULL
                             OR b.state IN ('failed', 'unknown') AND (b.retry_at, b.id) < (a.retry_at, a.id)))
    ORDER BY a.retry_at
    LIMIT %(limit)s
    FOR UPDATE OF a SKIP LOCKED
)
UPDATE alerts a
SET lease = %(lease)s, leased_until = now() + %(term)s
FROM picked
WHERE a.id = picked.id

-- name: claim_due_too
-- What else is due to persons of whom something is: it goes into the same message.
WITH picked AS (
    SELECT a.id
    FROM unnest(%(scopes)s::text[], %(staff)s::text[]) AS t (scope, staff)
    JOIN alerts a ON a.scope = t.scope AND coalesce(a.staff, '') = t.staff
    JOIN scopes s ON s.scope = a.scope
    JOIN positions p ON p.topic = s.topic AND p.partition = s.partition
    WHERE a.state = 'due' AND a.lease IS NULL AND a.due_at <= %(business_now)s
      AND (a.due_at <= p.watermark OR a.waiting_since <= %(machine_now)s - %(patience)s)
    ORDER BY a.due_at
    LIMIT %(most)s
    FOR UPDATE OF a SKIP LOCKED
)
UPDATE alerts a
SET lease = %(lease)s, leased_until = now() + %(term)s
FROM picked
WHERE a.id = picked.id

-- name: claim_members
-- The other members of messages that go out again under their key, whatever their own time.
WITH picked AS (
    SELECT a.id
    FROM alerts a
    WHERE a.digest IN (SELECT b.digest FROM alerts b WHERE b.lease = %(lease)s AND b.digest <> b.id)
      AND a.state IN ('failed', 'unknown') AND a.lease IS NULL AND a.retry_at IS NOT NULL
    FOR UPDATE OF a SKIP LOCKED
)
UPDATE alerts a
SET lease = %(lease)s, leased_until = now() + %(term)s
FROM picked
WHERE a.id = picked.id

-- name: leave_parts
-- A message of which somebody else holds a member just now goes out at the next look, whole: its receiver drops what
-- comes under a key that it has seen, so that who is in the second part would never be told.
UPDATE alerts a
SET lease = NULL, leased_until = NULL
WHERE a.lease = %(lease)s AND a.digest <> a.id
  AND EXISTS (SELECT FROM alerts b
              WHERE b.digest = a.digest AND b.lease IS DISTINCT FROM a.lease
                AND b.state IN ('failed', 'unknown') AND b.retry_at IS NOT NULL)

-- name: claim_retries_too
-- Likewise what waits for the limit of a channel, whatever its own time: one message takes one place. What may have
-- arrived goes out by itself.
WITH picked AS (
    SELECT a.id
    FROM unnest(%(scopes)s::text[], %(staff)s::text[]) AS t (scope, staff)
    JOIN alerts a ON a.scope = t.scope AND a.staff = t.staff
    WHERE a.state IN ('failed', 'unknown') AND a.lease IS NULL AND (a.limited OR a.retry_at <= %(machine_now)s)
      AND a.retry_at IS NOT NULL AND a.digest IS NULL
    ORDER BY a.retry_at
    LIMIT %(most)s
    FOR UPDATE OF a SKIP LOCKED
)
UPDATE alerts a
SET lease = %(lease)s, leased_until = now() + %(term)s
FROM picked
WHERE a.id = picked.id

-- name: readers
-- Whom the alerts of a lease are for.
SELECT DISTINCT scope, coalesce(staff, '') AS staff FROM alerts WHERE lease = %(lease)s ORDER BY 1, 2

-- name: leased
-- The alerts of a lease, each with who else has the same step of the same claim.
SELECT a.id, a.lease, a.scope, a.customer, a.claim_seq, a.rung, a.audience, a.staff, a.owner, a.due_at, a.deadline, a.state,
       a.rounds, a.traceparent, p.watermark, a.kind, a.detail, a.limited, a.digest,
       ARRAY(SELECT b.staff FROM alerts b
             WHERE b.scope = a.scope AND b.customer = a.customer AND b.claim_seq = a.claim_seq AND b.rung = a.rung
               AND b.audience = a.audience AND b.kind = a.kind AND b.id <> a.id AND b.staff IS NOT NULL
               AND a.audience = 'supervisor') AS also
FROM alerts a
LEFT JOIN scopes s ON s.scope = a.scope
LEFT JOIN positions p ON p.topic = s.topic AND p.partition = s.partition
WHERE a.lease = %(lease)s
ORDER BY a.due_at, a.id

-- name: mark_waiting
-- The patience with the watermark begins when an alert is first found due and not covered. Rows that somebody else is
-- about to change are passed over until the next look: no transaction of the dispatcher waits for another's locks.
WITH uncovered AS (
    SELECT a.id
    FROM alerts a
    JOIN scopes s ON s.scope = a.scope
    JOIN positions p ON p.topic = s.topic AND p.partition = s.partition
    WHERE a.state = 'due' AND a.lease IS NULL AND a.due_at <= %(business_now)s AND a.waiting_since IS NULL
      AND (p.watermark IS NULL OR a.due_at > p.watermark)
    FOR UPDATE OF a SKIP LOCKED
)
UPDATE alerts a SET waiting_since = %(machine_now)s FROM uncovered WHERE a.id = uncovered.id

-- name: overtaken
-- Of leased reminders: those whose deadline is past, and those of which a later step to the same person is due too.
-- One that was tried in time and did not get through is dead, not void: somebody has not been told.
UPDATE alerts a
SET state = CASE WHEN a.deadline <= %(business_now)s AND a.state <> 'due' THEN 'dead' ELSE 'superseded' END, lease = NULL, leased_until = NULL, retry_at = NULL, changed_at = clock_timestamp(),
    done_at = %(business_now)s,
    reason = CASE WHEN a.deadline <= %(business_now)s AND a.state <> 'due' THEN 'deadline passed: ' || a.reason
                  WHEN a.deadline <= %(business_now)s THEN 'deadline passed' ELSE 'a later reminder is due' END
WHERE a.lease = %(lease)s AND a.rung <> 'lapsed' AND a.kind = 'claim'
  AND (a.deadline <= %(business_now)s
       OR EXISTS (SELECT FROM alerts b
                  WHERE b.scope = a.scope AND b.customer = a.customer AND b.claim_seq = a.claim_seq
                    AND b.audience = a.audience AND b.due_at > a.due_at AND b.due_at <= %(business_now)s))
RETURNING a.id

-- name: supervisors
-- Who answers for a scope: those enrolled as supervisor or manager, and whether in the consultant's own office; never the
-- consultant concerned.
SELECT s.staff, s.role, coalesce(s.office = o.office, false) AS own
FROM staff s LEFT JOIN staff o ON o.scope = s.scope AND o.staff = %(owner)s
WHERE s.scope = %(scope)s AND s.role IN ('supervisor', 'manager') AND NOT s.departed
  AND s.staff IS DISTINCT FROM %(owner)s
ORDER BY s.staff

-- name: of_team
-- Of the people whom a policy names for a team: those who are enrolled.
SELECT staff FROM staff WHERE scope = %(scope)s AND staff = ANY(%(named)s) AND NOT departed ORDER BY staff

-- name: zones
SELECT scope, timezone FROM scopes WHERE scope = ANY(%(scopes)s) AND timezone IS NOT NULL

-- name: all_zones
SELECT scope, timezone FROM scopes WHERE timezone IS NOT NULL

-- name: put_for
-- The alert of a step, made out to one person, under the lease of the one that it stems from.
INSERT INTO alerts (
    id, scope, customer, claim_seq, rung, audience, staff, owner, due_at, deadline, state, rounds, waiting_since,
    lease, leased_until, superseded_at, changed_at, traceparent, kind, detail, made_business_at)
SELECT %(id)s, scope, customer, claim_seq, rung, audience, %(staff)s, owner, due_at, deadline, state, rounds,
       waiting_since, lease, leased_until, superseded_at, clock_timestamp(), traceparent, kind, detail, made_business_at
FROM alerts WHERE id = %(from)s
ON CONFLICT (id) DO NOTHING

-- name: drop_unaddressed
DELETE FROM alerts WHERE id = %(id)s AND staff IS NULL

-- name: people
-- Persons as enrolled in the scope that asks, else in any other: staff ids are unique within the whole system.
SELECT DISTINCT ON (t.scope, t.staff) t.scope, t.staff, s.name, s.role, s.contacts, s.departed, s.away, s.office
FROM unnest(%(scopes)s::text[], %(staff)s::text[]) AS t (scope, staff)
JOIN staff s ON s.staff = t.staff
ORDER BY t.scope, t.staff, s.scope = t.scope DESC, s.scope

-- name: of_roles
-- Those of some roles who may stand in for a colleague.
SELECT scope, staff, name, role, contacts, departed, away, office FROM staff
WHERE scope = ANY(%(scopes)s) AND role = ANY(%(roles)s) AND NOT departed

-- name: begin_attempt
-- Stored before the call, and only if the lease still holds and the claim is still what the alert says: this is the
-- last look, and it is one statement with the record of the attempt.
INSERT INTO attempts (
    alert, number, channel, destination, message, recipient, digest, started_at, business_at, known_at, behind)
SELECT a.id, coalesce((SELECT max(number) FROM attempts WHERE alert = a.id), 0) + 1, %(channel)s, %(destination)s,
       %(message)s, %(recipient)s, %(digest)s, %(machine_now)s, %(business_now)s, %(known_at)s, %(behind)s
FROM alerts a
LEFT JOIN claims c ON c.scope = a.scope AND c.customer = a.customer
WHERE a.id = %(id)s AND a.lease = %(lease)s AND a.leased_until > now() AND a.superseded_at IS NULL
  AND (a.kind <> 'claim' OR a.rung = 'lapsed' OR (c.claim_seq = a.claim_seq AND c.replaced_by IS NULL))
RETURNING number

-- name: end_attempts
-- An answer that comes when the attempt was given up as unknown is kept beside that: its message goes out again.
UPDATE attempts t SET answered_at = %(machine_now)s, answered_business_at = %(business_now)s,
       outcome = coalesce(t.outcome, %(outcome)s),
       answer = %(answer)s, server_failed = %(server_failed)s,
       provider_id = CASE WHEN %(outcome)s = 'sent' THEN substring(%(answer)s from '(?:BizId|SerialNo)=([^ ]{1,128})') END
FROM unnest(%(ids)s::uuid[], %(numbers)s::integer[]) AS n (alert, number)
WHERE t.alert = n.alert AND t.number = n.number

-- name: settle
-- The end of a round. What was sent is sent, whatever happened to the claim meanwhile; what was not, and no longer
-- holds, is superseded.
UPDATE alerts
SET state = CASE WHEN %(state)s <> 'sent' AND superseded_at IS NOT NULL THEN 'superseded' ELSE %(state)s END,
    reason = %(reason)s, digest = %(digest)s, unreachable = %(unreachable)s, limited = %(limited)s,
    waits_for = %(waits_for)s, waits_on = %(waits_on)s,
    rounds = rounds + CASE WHEN %(limited)s OR NOT %(counts)s THEN 0 ELSE 1 END, lease = NULL, leased_until = NULL, changed_at = clock_timestamp(),
    retry_at = CASE WHEN superseded_at IS NULL THEN %(retry_at)s::timestamptz END,
    done_at = CASE WHEN %(state)s IN ('sent', 'dead', 'superseded') THEN %(business_now)s::timestamptz END
WHERE id = %(id)s AND lease = %(lease)s

-- name: settle_overtaken
-- No call was made: void if the claim is no longer what the alert says, else (a lease that ran out) as it was.
UPDATE alerts a
SET lease = NULL, leased_until = NULL, changed_at = clock_timestamp(),
    state = CASE WHEN now_void THEN 'superseded' ELSE state END,
    reason = CASE WHEN now_void THEN %(reason)s ELSE reason END,
    done_at = CASE WHEN now_void THEN %(business_now)s::timestamptz END,
    retry_at = CASE WHEN now_void THEN NULL ELSE retry_at END
FROM (SELECT b.id, b.superseded_at IS NOT NULL
             OR (b.kind = 'claim' AND b.rung <> 'lapsed' AND (c.claim_seq IS DISTINCT FROM b.claim_seq OR c.replaced_by IS NOT NULL)) AS now_void
      FROM alerts b LEFT JOIN claims c ON c.scope = b.scope AND c.customer = b.customer
      WHERE b.id = %(id)s) AS v
WHERE a.id = v.id AND a.lease = %(lease)s

-- name: release
-- A round that was not begun: the alert is as it was.
UPDATE alerts SET lease = NULL, leased_until = NULL WHERE id = %(id)s AND lease = %(lease)s

-- name: lock_recovery
-- One recovers at a time, so that the members of a message come back together.
SELECT pg_try_advisory_xact_lock(hashtext('panke.notifier.recover')) AS locked

-- name: recover
-- Leases that ran out, each whole or not yet: their dispatcher was killed or stands still. Where somebody else changes
-- one of its alerts just now, the lease waits for the next look, since a message that came back in parts would go out in
-- parts under one key. Where the answer is stored, it counts, although the round was not ended. With an attempt that has
-- no answer, nobody can say whether it arrived; its message keeps its key.
WITH ended AS (
    SELECT lease, count(*) AS alerts FROM alerts
    WHERE lease IS NOT NULL
    GROUP BY lease HAVING max(leased_until) < statement_timestamp()
    ORDER BY min(leased_until) LIMIT 50
), locked AS (
    SELECT a.id, a.lease FROM alerts a
    WHERE a.lease IN (SELECT lease FROM ended) AND a.leased_until < statement_timestamp()
    FOR UPDATE OF a SKIP LOCKED
), lost AS (
    SELECT id FROM locked
    WHERE lease IN (SELECT lease FROM locked JOIN ended USING (lease) GROUP BY lease, alerts HAVING count(*) = alerts)
), last AS (
    SELECT DISTINCT ON (t.alert) t.alert, t.channel, t.answered_business_at, coalesce(t.outcome, 'open') AS outcome
    FROM attempts t JOIN lost ON lost.id = t.alert
    ORDER BY t.alert, t.number DESC
), unsure AS (
    SELECT DISTINCT ON (t.alert) t.alert, t.channel, coalesce(t.digest, t.alert) AS key
    FROM attempts t JOIN lost ON lost.id = t.alert
    WHERE t.outcome IS NULL OR t.outcome = 'unknown'
    ORDER BY t.alert, t.number DESC
), opened AS (
    UPDATE attempts t SET outcome = 'unknown' FROM lost WHERE t.alert = lost.id AND t.outcome IS NULL
)
UPDATE alerts a
SET lease = NULL, leased_until = NULL, changed_at = clock_timestamp(),
    state = CASE WHEN last.outcome = 'sent' THEN 'sent'
                 WHEN last.outcome = 'open' THEN 'unknown'
                 WHEN a.superseded_at IS NOT NULL THEN 'superseded'
                 WHEN unsure.alert IS NOT NULL THEN 'unknown' ELSE a.state END,
    reason = CASE WHEN last.outcome = 'sent' THEN 'by ' || last.channel
                  WHEN unsure.alert IS NOT NULL THEN 'stopped between call and answer' ELSE a.reason END,
    digest = CASE WHEN last.outcome = 'sent' THEN a.digest ELSE coalesce(unsure.key, a.digest) END,
    done_at = CASE WHEN last.outcome = 'sent' THEN last.answered_business_at ELSE a.done_at END,
    retry_at = CASE WHEN last.outcome = 'sent' THEN NULL
                    WHEN unsure.alert IS NULL THEN a.retry_at
                    WHEN a.superseded_at IS NULL
                         AND (unsure.channel = ANY(%(resend)s) OR %(others)s AND unsure.channel <> ALL(%(hold)s))
                    THEN %(machine_now)s::timestamptz END,
    waits_for = CASE WHEN last.outcome = 'sent' THEN NULL
                     WHEN unsure.alert IS NOT NULL THEN 'unanswered' ELSE a.waits_for END
FROM lost LEFT JOIN last ON last.alert = lost.id LEFT JOIN unsure ON unsure.alert = lost.id
WHERE a.id = lost.id
RETURNING a.id, a.state

-- name: work
-- All that an idle dispatcher asks, each answered by the first entry of a partial index: whether a lease has run out
-- (by the database's clock), when something falls due (business time) and is to be tried again (machine time).
SELECT coalesce((SELECT min(leased_until) FROM alerts WHERE lease IS NOT NULL) < statement_timestamp(), false) AS lost,
       (SELECT min(due_at) FROM alerts WHERE state = 'due' AND lease IS NULL) AS due,
       (SELECT min(retry_at) FROM alerts WHERE state IN ('failed', 'unknown') AND lease IS NULL) AS retry
