-- What the fold reads and writes: one statement a table and batch, each by an index.

-- name: positions
SELECT application_name, notification_id FROM notification_tracking WHERE application_name = ANY(%b::text[])

-- name: scopes
SELECT scope, partition, book, received_seq, folded_seq, version, sent_seq, rebuilt,
       EXISTS (SELECT FROM parked_scopes AS parked WHERE parked.scope = scopes.scope) AS parked,
       ARRAY(SELECT epoch FROM scope_epochs AS known WHERE known.scope = scopes.scope ORDER BY first_seq) AS epochs,
       (SELECT count(*) FROM rulebooks) AS texts
FROM scopes WHERE scope = ANY(%b::text[])

-- name: other_facts
-- Facts whose seq holds another one; of what was set aside only the id is known.
SELECT came.scope, came.seq, came.digest
FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::bytea[]) AS came (scope, seq, id, digest)
LEFT JOIN facts ON facts.scope = came.scope AND facts.seq = came.seq
LEFT JOIN parked_facts AS parked ON parked.scope = came.scope AND parked.seq = came.seq
LEFT JOIN set_aside AS aside ON aside.scope = came.scope AND aside.seq = came.seq
WHERE CASE WHEN facts.body IS NOT NULL THEN sha256(facts.body) <> came.digest
           WHEN parked.body IS NOT NULL THEN sha256(parked.body) <> came.digest
           ELSE aside.id <> came.id END

-- name: records
SELECT scope, kind, id, born, state
FROM unnest(%b::text[], %b::text[], %b::text[]) AS wanted (scope, kind, id)
JOIN records USING (scope, kind, id)

-- name: leaves
-- Of the long lists of large customers.
SELECT scope, customer, list, leaf, state
FROM unnest(%b::text[], %b::text[]) AS wanted (scope, customer)
JOIN leaves USING (scope, customer)
WHERE list = ANY(%s::text[])

-- name: claims
SELECT scope, customer, born, nth, people, generation, owner, holder, status, expires_at, due_at
FROM unnest(%b::text[], %b::text[]) AS wanted (scope, customer)
JOIN claims USING (scope, customer)

-- name: held_by
-- Standing claims: to one that lapsed before, a departure does nothing.
SELECT scope, customer
FROM unnest(%b::text[], %b::text[]) AS wanted (scope, owner)
JOIN claims USING (scope, owner)

-- name: held_first
SELECT customer FROM claims
WHERE scope = %s AND owner = %s
ORDER BY born, nth, customer LIMIT %s

-- name: due
-- Only scopes of this partition: the watermark tells nothing about the others.
SELECT claims.scope, customer
FROM claims JOIN scopes USING (scope)
WHERE due_at <= %s AND partition = %s
  AND NOT EXISTS (SELECT FROM parked_scopes AS parked WHERE parked.scope = claims.scope)
ORDER BY due_at LIMIT %s

-- name: put_scopes
-- What facts name is noted up to `borne_seq`; where something before is missing still, it stays where it is.
INSERT INTO scopes (scope, partition, book, received_seq, folded_seq, version, sent_seq, borne_seq)
SELECT scope, partition, book, received, folded, version, sent, folded
FROM unnest(%b::text[], %b::integer[], %b::text[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[])
    AS made (scope, partition, book, received, folded, version, sent)
ON CONFLICT (scope) DO UPDATE SET
    partition = excluded.partition, received_seq = excluded.received_seq, folded_seq = excluded.folded_seq,
    version = excluded.version, sent_seq = excluded.sent_seq,
    borne_seq = CASE WHEN scopes.borne_seq >= scopes.folded_seq THEN excluded.folded_seq ELSE scopes.borne_seq END

-- name: put_epochs
INSERT INTO scope_epochs (scope, epoch, first_seq)
SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[])
ON CONFLICT DO NOTHING

-- name: put_new_records
-- Those that are known not to be there: nothing is looked up for them.
INSERT INTO records (scope, kind, id, born, state)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::bytea[])

-- name: put_records
INSERT INTO records (scope, kind, id, born, state)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::bytea[])
ON CONFLICT (scope, kind, id) DO UPDATE SET state = excluded.state

-- name: drop_records
DELETE FROM records USING unnest(%b::text[], %b::text[], %b::text[]) AS gone (scope, kind, id)
WHERE records.scope = gone.scope AND records.kind = gone.kind AND records.id = gone.id

-- name: put_leaves
INSERT INTO leaves (scope, customer, list, leaf, state)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::integer[], %b::bytea[])
ON CONFLICT (scope, customer, list, leaf) DO UPDATE SET state = excluded.state

-- name: drop_leaves
DELETE FROM leaves USING unnest(%b::text[], %b::text[], %b::text[], %b::integer[]) AS gone (scope, customer, list, leaf)
WHERE leaves.scope = gone.scope AND leaves.customer = gone.customer
  AND leaves.list = gone.list AND leaves.leaf = gone.leaf

-- name: put_claims
INSERT INTO claims (scope, customer, born, nth, people, generation, owner, holder, status, expires_at, due_at, office)
SELECT made.*, facts.office
FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::integer[], %b::integer[], %b::bigint[], %b::text[],
            %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[])
    AS made (scope, customer, born, nth, people, generation, owner, holder, status, expires_at, due_at)
LEFT JOIN facts ON facts.scope = made.scope AND facts.seq = made.born
ON CONFLICT (scope, customer) DO UPDATE SET
    born = excluded.born, nth = excluded.nth, people = excluded.people, generation = excluded.generation, owner = excluded.owner, holder = excluded.holder,
    status = excluded.status, expires_at = excluded.expires_at, due_at = excluded.due_at, office = excluded.office

-- name: drop_claims
DELETE FROM claims USING unnest(%b::text[], %b::text[]) AS gone (scope, customer)
WHERE claims.scope = gone.scope AND claims.customer = gone.customer

-- name: put_facts
INSERT INTO facts (scope, seq, id, type, office, recorded_at, body, contacts)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::bytea[],
                     %b::bytea[])

-- name: put_bearings
INSERT INTO bearings (scope, name, seq)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::bigint[])
ON CONFLICT DO NOTHING

-- name: unborne_scopes
-- Scopes of whose facts some are not in the index of what they name.
SELECT scope, borne_seq, folded_seq FROM scopes WHERE borne_seq < folded_seq ORDER BY scope

-- name: unborne_facts
SELECT seq, body, contacts FROM facts WHERE scope = %s AND seq > %s AND seq <= %s ORDER BY seq LIMIT %s

-- name: move_borne
UPDATE scopes SET borne_seq = %(until)s WHERE scope = %(scope)s AND borne_seq = %(since)s

-- name: put_joined
INSERT INTO joined (scope, customer, into_customer)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[])
ON CONFLICT (scope, customer) DO UPDATE SET into_customer = excluded.into_customer

-- name: drop_joined
DELETE FROM joined USING unnest(%b::text[], %b::text[]) AS parted (scope, customer)
WHERE joined.scope = parted.scope AND joined.customer = parted.customer

-- name: move_decisions
-- Those of the smaller parts of a join: what stands under the id of the largest stays there.
UPDATE decisions SET customer = moved.home
FROM (SELECT scope, home_of(scope, customer) AS old, home
      FROM unnest(%b::text[], %b::text[], %b::text[]) AS joined (scope, customer, home)) AS moved
WHERE decisions.scope = moved.scope AND decisions.customer = moved.old AND moved.old <> moved.home

-- name: move_joined
UPDATE joined SET into_customer = moved.home
FROM (SELECT scope, home_of(scope, customer) AS old, home
      FROM unnest(%b::text[], %b::text[], %b::text[]) AS joined (scope, customer, home)) AS moved
WHERE joined.scope = moved.scope AND joined.into_customer = moved.old AND moved.old <> moved.home

-- name: drop_homes
DELETE FROM homes USING unnest(%b::text[], %b::text[]) AS gone (scope, customer)
WHERE homes.scope = gone.scope AND homes.customer = gone.customer

-- name: put_homes
INSERT INTO homes (scope, customer, home)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[])

-- name: put_decisions
INSERT INTO decisions (scope, version, customer, seq, at, body)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::bigint[], %b::timestamptz[], %b::bytea[])

-- name: put_deals
INSERT INTO deals (scope, deal, customer, born)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[])
ON CONFLICT (scope, deal) DO UPDATE SET customer = excluded.customer

-- name: put_signings
UPDATE deals SET signed_seq = made.seq
FROM unnest(%b::text[], %b::text[], %b::bigint[]) AS made (scope, deal, seq)
WHERE deals.scope = made.scope AND deals.deal = made.deal

-- name: put_cancellations
UPDATE deals SET cancelled_seq = made.seq
FROM unnest(%b::text[], %b::text[], %b::bigint[]) AS made (scope, deal, seq)
WHERE deals.scope = made.scope AND deals.deal = made.deal

-- name: put_deal_decisions
INSERT INTO deal_decisions (scope, version, deal, body)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::bytea[])

-- name: put_flags
INSERT INTO flags (scope, version, event, body)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::bytea[])

-- name: put_penalties
INSERT INTO penalties (scope, version, event, body)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::bytea[])

-- name: put_concerned
-- Deals and disputes by whom they concern, and by the office of the record that began them.
INSERT INTO concerned (scope, list, kind, name, born, id)
SELECT scope, list, told.kind, told.name, born, made.id
FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::text[]) AS made (scope, list, staff, born, id)
CROSS JOIN LATERAL (
    SELECT 'staff' AS kind, staff AS name
    UNION ALL SELECT 'office', office FROM facts WHERE facts.scope = made.scope AND facts.seq = born
) AS told
ON CONFLICT DO NOTHING

-- name: put_about
-- Flags and penalties by whom and which office they concern.
INSERT INTO concerned (scope, list, kind, name, born, id)
SELECT scope, list, kind, name, version, ''
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[]) AS made (scope, list, kind, name, version)
ON CONFLICT DO NOTHING

-- name: put_about_record
-- Those that are about an earlier record, by what that one says.
INSERT INTO concerned (scope, list, kind, name, born, id)
SELECT made.scope, list, told.kind, told.name, version, ''
FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[]) AS made (scope, list, version, event)
JOIN facts ON facts.scope = made.scope AND facts.id = made.event
CROSS JOIN LATERAL (VALUES ('office', office), ('staff', consultant_in(facts.body))) AS told (kind, name)
WHERE told.name IS NOT NULL
ON CONFLICT DO NOTHING

-- name: put_offices
INSERT INTO offices (office, scope, born)
SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[])
ON CONFLICT DO NOTHING

-- name: put_warnings
INSERT INTO warnings (scope, rule, value, path, first_seq, last_seq, records)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::bigint[])
ON CONFLICT (scope, rule, value) DO UPDATE SET
    last_seq = excluded.last_seq, records = warnings.records + excluded.records

-- name: put_remarks
INSERT INTO remarks (scope, record, seq, taken)
SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::boolean[])

-- name: put_rulebooks
-- A text that is there is never overwritten: its key is its content.
INSERT INTO rulebooks (sha256, name, version, text, lengths)
SELECT sha256, name, version, text, string_to_array(lengths, ' ')::integer[]
FROM unnest(%b::text[], %b::text[], %b::integer[], %b::bytea[], %b::text[]) AS new (sha256, name, version, text, lengths)
ON CONFLICT DO NOTHING

-- name: lock_rulebooks
-- Of two processes that keep another text under one name and version, the second one sees what the first one kept.
LOCK TABLE rulebooks IN SHARE ROW EXCLUSIVE MODE

-- name: other_texts
SELECT rulebooks.name, rulebooks.version, rulebooks.sha256
FROM rulebooks JOIN unnest(%b::text[], %b::text[], %b::integer[]) AS new (sha256, name, version) USING (name, version)
WHERE rulebooks.sha256 <> new.sha256

-- name: texts_of_book
SELECT sha256 FROM rulebooks WHERE name = %s AND version = %s

-- name: stored_texts
-- Every text by which scopes are judged, without one where it was not kept yet: the first that shipped is meant then.
SELECT name, version, sha256, text, lengths FROM rulebooks
UNION ALL
SELECT split_part(book, '@', 1), split_part(book, '@', 2)::integer, '', ''::bytea, '{}' FROM opened_before

-- name: count_texts
SELECT count(*) FROM rulebooks

-- name: add_lengths
UPDATE rulebooks SET lengths = %s WHERE sha256 = %s AND lengths = '{}'

-- name: put_outbox
-- What is decided late, from quarantine, was known as late as the watermark tells.
INSERT INTO outbox (partition, scope, seq, body, traceparent, known_at)
SELECT partition, scope, seq, body, traceparent, greatest(known_at, watermark)
FROM unnest(%b::integer[], %b::text[], %b::bigint[], %b::bytea[], %b::text[], %b::timestamptz[])
    WITH ORDINALITY AS new (partition, scope, seq, body, traceparent, known_at, n)
LEFT JOIN watermarks USING (partition)
ORDER BY n

-- name: put_watermark
INSERT INTO watermarks (partition, watermark) VALUES (%s, %s)
ON CONFLICT (partition) DO UPDATE SET watermark = greatest(watermarks.watermark, excluded.watermark)

-- name: put_dead_records
INSERT INTO dead_records (source, record, key, value, headers, reason)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::bytea[], %b::bytea[], %b::jsonb[], %b::text[])
ON CONFLICT DO NOTHING

-- name: put_parked_scopes
INSERT INTO parked_scopes (scope, seq, since, error)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::timestamptz[], %b::text[])
ON CONFLICT (scope) DO UPDATE SET seq = excluded.seq, since = excluded.since, error = excluded.error

-- name: put_parked_facts
INSERT INTO parked_facts (scope, seq, recorded_at, body, traceparent, contacts)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::timestamptz[], %b::bytea[], %b::text[], %b::bytea[])

-- name: put_staff
INSERT INTO staff (scope, staff, name, role, contacts, office)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::text[])
ON CONFLICT (scope, staff) DO UPDATE SET
    name = excluded.name, role = excluded.role, contacts = excluded.contacts, office = excluded.office

-- name: put_presence
UPDATE staff SET away = moved.away, away_since = moved.since
FROM unnest(%b::text[], %b::text[], %b::text[], %b::timestamptz[]) AS moved (scope, staff, away, since)
WHERE staff.scope = moved.scope AND staff.staff = moved.staff

-- name: enrolled_staff
SELECT staff, name, contacts FROM staff WHERE scope = %s AND staff = ANY(%s::text[])

-- name: lock_scopes
SELECT scope, received_seq, folded_seq, version, sent_seq, rebuilt FROM scopes
WHERE scope = ANY(%b::text[]) ORDER BY scope FOR UPDATE

-- name: position
SELECT notification_id FROM notification_tracking WHERE application_name = %(name)s

-- name: adopt_position
-- From a version whose names had no topic id in them: taken over if it lies within the log that is there.
INSERT INTO notification_tracking (application_name, notification_id)
SELECT %(name)s, notification_id FROM notification_tracking
WHERE application_name = %(former)s AND notification_id BETWEEN %(first)s AND %(last)s
ON CONFLICT DO NOTHING

-- name: drop_former_position
DELETE FROM notification_tracking WHERE application_name = %(former)s

-- name: rewind_position
INSERT INTO notification_tracking (application_name, notification_id) VALUES (%(name)s, %(first)s)
ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id

-- name: forget_position
DELETE FROM notification_tracking WHERE application_name = %(name)s
