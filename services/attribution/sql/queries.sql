-- What the HTTP service reads; every list goes by an index, from a cursor on.

-- name: head
SELECT folded_seq, partition, book, (SELECT count(*) FROM rulebooks), borne_seq
FROM scopes WHERE scope = %s

-- name: behind
SELECT seq, since FROM parked_scopes WHERE scope = %s

-- name: scope_of_office
SELECT scope FROM offices WHERE office = %s

-- name: customers_of_case
-- A customer that stands goes before one that was joined into another.
(SELECT customer, born FROM claims WHERE scope = %(scope)s AND case_digest(customer) = %(digest)s ORDER BY born LIMIT 1)
UNION ALL
(SELECT customer, 0 FROM joined WHERE scope = %(scope)s AND case_digest(customer) = %(digest)s LIMIT 1)

-- name: joined_into
-- Whose rows stand under another id is found by that one.
SELECT coalesce(homes.customer, into_customer)
FROM joined LEFT JOIN homes ON homes.scope = joined.scope AND homes.home = into_customer
WHERE joined.scope = %s AND joined.customer = %s

-- name: decisions_bound
-- The instant of the last decision of a full page.
SELECT at FROM decisions WHERE scope = %(scope)s AND customer = home_of(%(scope)s, %(customer)s) AND at > %(after)s
ORDER BY at, version OFFSET %(last)s LIMIT 1

-- name: decisions_between
SELECT body, seq FROM decisions
WHERE scope = %(scope)s AND customer = home_of(%(scope)s, %(customer)s) AND at > %(after)s
  AND at <= coalesce(%(until)s::timestamptz, 'infinity')
ORDER BY at, version

-- name: decisions_after
SELECT 1 FROM decisions WHERE scope = %(scope)s AND customer = home_of(%(scope)s, %(customer)s) AND at > %(after)s LIMIT 1

-- name: first_decisions
SELECT wanted.customer, body, seq
FROM unnest(%(customers)s::text[]) AS wanted (customer)
CROSS JOIN LATERAL (
    SELECT body, seq, at, version FROM decisions
    WHERE decisions.scope = %(scope)s AND decisions.customer = home_of(%(scope)s, wanted.customer)
    ORDER BY at, version LIMIT %(limit)s
) AS first
ORDER BY wanted.customer, at, version

-- name: last_decisions
-- Those of the last instant at which anything was decided.
SELECT body FROM decisions
WHERE scope = %(scope)s AND customer = home_of(%(scope)s, %(customer)s)
  AND at = (SELECT max(at) FROM decisions WHERE scope = %(scope)s AND customer = home_of(%(scope)s, %(customer)s))
ORDER BY version

-- name: last_decided
SELECT max(at) FROM decisions WHERE scope = %(scope)s AND customer = home_of(%(scope)s, %(customer)s)

-- name: rested_on
-- The events that the decisions of a customer rest on.
SELECT DISTINCT jsonb_array_elements_text(convert_from(body, 'UTF8')::jsonb -> 'because')
FROM decisions WHERE scope = %(scope)s AND customer = home_of(%(scope)s, %(customer)s)

-- name: facts_after
SELECT seq, body FROM facts
WHERE scope = %(scope)s AND id = ANY(%(ids)s::text[]) AND seq > %(after)s ORDER BY seq LIMIT %(limit)s

-- name: recorded_by_seq
SELECT seq, id, body FROM facts WHERE scope = %(scope)s AND seq = ANY(%(seqs)s::bigint[])

-- name: page_of_customers
-- Each with its claim as it stands.
SELECT born, customer, nth, owner, status, expires_at FROM claims
WHERE scope = %(scope)s AND (born, nth, customer) > (%(born)s, %(nth)s, %(after)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(before)s::timestamptz IS NULL OR expires_at < %(before)s)
ORDER BY born, nth, customer LIMIT %(limit)s

-- name: page_of_customers_of
SELECT born, customer, nth, owner, status, expires_at FROM claims
WHERE scope = %(scope)s AND owner = %(owner)s
  AND (born, nth, customer) > (%(born)s, %(nth)s, %(after)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(before)s::timestamptz IS NULL OR expires_at < %(before)s)
ORDER BY born, nth, customer LIMIT %(limit)s

-- name: page_of_customers_within
-- Of each whom the reader reaches as many as the page holds, each by its index: what they own, what lapsed with them,
-- and whom nobody ever owned at the offices.
SELECT born, customer, nth, owner, status, expires_at FROM (
    SELECT page.* FROM unnest(%(people)s::text[]) AS reached (staff) CROSS JOIN LATERAL (
        SELECT born, customer, nth, owner, status, expires_at FROM claims
        WHERE scope = %(scope)s AND owner = reached.staff
          AND (born, nth, customer) > (%(born)s, %(nth)s, %(after)s)
          AND (%(status)s::text IS NULL OR status = %(status)s)
          AND (%(before)s::timestamptz IS NULL OR expires_at < %(before)s)
        ORDER BY born, nth, customer LIMIT %(limit)s
    ) AS page
    UNION ALL
    SELECT page.* FROM unnest(%(people)s::text[]) AS reached (staff) CROSS JOIN LATERAL (
        SELECT born, customer, nth, owner, status, expires_at FROM claims
        WHERE scope = %(scope)s AND owner IS NULL AND holder = reached.staff
          AND (born, nth, customer) > (%(born)s, %(nth)s, %(after)s)
          AND (%(status)s::text IS NULL OR status = %(status)s)
          AND (%(before)s::timestamptz IS NULL OR expires_at < %(before)s)
        ORDER BY born, nth, customer LIMIT %(limit)s
    ) AS page
    UNION ALL
    SELECT page.* FROM unnest(%(offices)s::text[]) AS reached (place) CROSS JOIN LATERAL (
        SELECT born, customer, nth, owner, status, expires_at FROM claims
        WHERE scope = %(scope)s AND holder IS NULL AND office = reached.place
          AND (born, nth, customer) > (%(born)s, %(nth)s, %(after)s)
          AND (%(status)s::text IS NULL OR status = %(status)s)
          AND (%(before)s::timestamptz IS NULL OR expires_at < %(before)s)
        ORDER BY born, nth, customer LIMIT %(limit)s
    ) AS page
) AS found ORDER BY born, nth, customer LIMIT %(limit)s

-- name: keepers
-- Who owns each customer, or lost the claim last, and at which office that is.
SELECT claims.customer, holder, CASE WHEN holder IS NULL THEN claims.office ELSE staff.office END
FROM claims LEFT JOIN staff ON staff.scope = claims.scope AND staff.staff = holder
WHERE claims.scope = %(scope)s AND claims.customer = ANY(%(customers)s::text[])

-- name: owned_before
SELECT 1 FROM decisions
WHERE scope = %(scope)s AND customer = home_of(%(scope)s, %(customer)s)
  AND convert_from(body, 'UTF8')::jsonb ->> 'owner' = ANY(%(people)s::text[]) LIMIT 1

-- name: staff_at
SELECT staff FROM staff WHERE scope = %(scope)s AND office = ANY(%(offices)s::text[]) ORDER BY staff

-- name: page_of_concerned
-- Of each whom the reader reaches as many as the page holds.
SELECT DISTINCT born, id FROM (
    SELECT page.* FROM unnest(%(people)s::text[]) AS reached (staff) CROSS JOIN LATERAL (
        SELECT born, id FROM concerned
        WHERE scope = %(scope)s AND list = %(list)s AND kind = 'staff' AND name = reached.staff
          AND (born, id) > (%(born)s, %(after)s)
        ORDER BY born, id LIMIT %(limit)s
    ) AS page
    UNION ALL
    SELECT page.* FROM unnest(%(offices)s::text[]) AS reached (place) CROSS JOIN LATERAL (
        SELECT born, id FROM concerned
        WHERE scope = %(scope)s AND list = %(list)s AND kind = 'office' AND name = reached.place
          AND (born, id) > (%(born)s, %(after)s)
        ORDER BY born, id LIMIT %(limit)s
    ) AS page
) AS found ORDER BY born, id LIMIT %(limit)s

-- name: concerns
SELECT 1 FROM concerned
WHERE scope = %(scope)s AND list = %(list)s AND born = %(born)s AND id = %(id)s
  AND (kind = 'staff' AND name = ANY(%(people)s::text[]) OR kind = 'office' AND name = ANY(%(offices)s::text[]))
LIMIT 1

-- name: page_of_shared
-- Customers whose records name more people than an office can mean by one.
SELECT born, customer, nth, people FROM claims
WHERE scope = %(scope)s AND people > %(most)s AND people > 1
  AND (born, nth, customer) > (%(born)s, %(nth)s, %(after)s)
ORDER BY born, nth, customer LIMIT %(limit)s

-- name: page_of_deals
SELECT born, deal, customer FROM deals
WHERE scope = %(scope)s AND (born, deal) > (%(born)s, %(after)s) ORDER BY born, deal LIMIT %(limit)s

-- name: decisions_of_deals
SELECT deal, body FROM deal_decisions WHERE scope = %s AND deal = ANY(%s::text[]) ORDER BY deal, version

-- name: these_deals
SELECT born, deal, customer FROM deals WHERE scope = %s AND deal = ANY(%s::text[]) ORDER BY born, deal

-- name: page_of_disputes
SELECT born, id FROM records
WHERE scope = %(scope)s AND kind = 'dispute' AND (born, id) > (%(born)s, %(after)s)
ORDER BY born, id LIMIT %(limit)s

-- name: page_of_flags
SELECT version, body FROM flags WHERE scope = %(scope)s AND version > %(born)s ORDER BY version LIMIT %(limit)s

-- name: these_flags
SELECT version, body FROM flags WHERE scope = %s AND version = ANY(%s::bigint[]) ORDER BY version

-- name: these_penalties
SELECT version, body FROM penalties WHERE scope = %s AND version = ANY(%s::bigint[]) ORDER BY version

-- name: page_of_penalties
SELECT version, body FROM penalties WHERE scope = %(scope)s AND version > %(born)s ORDER BY version LIMIT %(limit)s

-- name: facts_by_id
SELECT seq, body FROM facts WHERE scope = %s AND id = ANY(%s::text[]) ORDER BY seq

-- name: facts_of_scope
SELECT id, body, contacts FROM facts WHERE scope = %s ORDER BY seq

-- name: facts_known
SELECT seq, body, contacts FROM facts
WHERE scope = %(scope)s AND seq <= %(until)s
  AND recorded_at <= coalesce(%(known_at)s::timestamptz, 'infinity')
ORDER BY seq

-- name: facts_naming
-- Those that name one of these, and those that are meant by their id or place.
WITH wanted AS MATERIALIZED (
    SELECT seq FROM bearings WHERE scope = %(scope)s AND name = ANY(%(names)s::bigint[]) AND seq <= %(until)s
    UNION
    SELECT seq FROM facts WHERE scope = %(scope)s AND id = ANY(%(ids)s::text[])
    UNION
    SELECT unnest(%(seqs)s::bigint[])
)
SELECT facts.seq, body, contacts
FROM wanted JOIN facts ON facts.scope = %(scope)s AND facts.seq = wanted.seq
WHERE facts.seq <= %(until)s AND recorded_at <= coalesce(%(known_at)s::timestamptz, 'infinity')
ORDER BY facts.seq LIMIT %(limit)s

-- name: scope_begun
-- When the first fact of a scope was recorded.
SELECT recorded_at FROM facts WHERE scope = %(scope)s ORDER BY seq LIMIT 1

-- name: reached_customers
-- The customers of whom the reader reaches something today, and those who went into one of them.
WITH reached AS MATERIALIZED (
    SELECT customer FROM claims
    WHERE scope = %(scope)s
      AND (owner = ANY(%(people)s::text[]) OR owner IS NULL AND holder = ANY(%(people)s::text[])
           OR holder IS NULL AND office = ANY(%(offices)s::text[]))
)
SELECT customer FROM reached
UNION
SELECT joined.customer
FROM joined LEFT JOIN homes ON homes.scope = joined.scope AND homes.home = into_customer
JOIN reached ON reached.customer = coalesce(homes.customer, into_customer)
WHERE joined.scope = %(scope)s

-- name: reached_items
SELECT DISTINCT id FROM concerned
WHERE scope = %(scope)s AND list = %(list)s
  AND (kind = 'staff' AND name = ANY(%(people)s::text[]) OR kind = 'office' AND name = ANY(%(offices)s::text[]))

-- name: joined_today
-- Into whom these went; who is not named went nowhere.
SELECT joined.customer, coalesce(homes.customer, into_customer)
FROM joined LEFT JOIN homes ON homes.scope = joined.scope AND homes.home = into_customer
WHERE joined.scope = %(scope)s AND joined.customer = ANY(%(customers)s::text[])

-- name: marked
-- The flags and penalties of these records, as they were made.
SELECT event, body, 'flag' FROM flags WHERE scope = %(scope)s AND event = ANY(%(events)s::text[])
UNION ALL
SELECT event, body, 'penalty' FROM penalties WHERE scope = %(scope)s AND event = ANY(%(events)s::text[])

-- name: staff_names
SELECT staff, name FROM staff WHERE scope = %s AND staff = ANY(%s::text[])

-- name: every_staff_name
SELECT staff, name FROM staff WHERE scope = %s

-- name: watermark_of
SELECT watermark FROM watermarks WHERE partition = %s

-- name: oldest_parked
SELECT count(*), min(since) FROM parked_scopes

-- name: page_of_scopes
SELECT scopes.scope, folded_seq, book, parked.since, records.state,
       ARRAY(SELECT office FROM offices WHERE offices.scope = scopes.scope ORDER BY office)
FROM scopes
LEFT JOIN parked_scopes AS parked ON parked.scope = scopes.scope
LEFT JOIN records ON records.scope = scopes.scope AND records.kind = 'scope' AND records.id = ''
WHERE scopes.scope > %(after)s AND (%(known)s::text[] IS NULL OR scopes.scope = ANY(%(known)s))
ORDER BY scopes.scope LIMIT %(limit)s

-- name: page_of_offices
SELECT offices.office, body FROM offices LEFT JOIN facts ON facts.scope = offices.scope AND facts.seq = offices.born
WHERE offices.scope = %(scope)s AND offices.office > %(after)s ORDER BY offices.office LIMIT %(limit)s

-- name: page_of_staff
SELECT staff, name, role, office, away, away_since FROM staff
WHERE scope = %(scope)s AND staff > %(after)s ORDER BY staff LIMIT %(limit)s

-- name: shift_opened
SELECT recorded_at FROM facts
WHERE scope = %s AND office = %s AND type = 'shift.opened' ORDER BY seq DESC LIMIT 1

-- name: deal
SELECT born, deal, customer FROM deals WHERE scope = %s AND deal = %s

-- name: facts_of_deals
-- The facts that subscribed, signed and cancelled each.
SELECT deals.deal, subscribed.body, signed.body, cancelled.body
FROM deals
LEFT JOIN facts AS subscribed ON subscribed.scope = deals.scope AND subscribed.seq = deals.born
LEFT JOIN facts AS signed ON signed.scope = deals.scope AND signed.seq = deals.signed_seq
LEFT JOIN facts AS cancelled ON cancelled.scope = deals.scope AND cancelled.seq = deals.cancelled_seq
WHERE deals.scope = %s AND deals.deal = ANY(%s::text[])

-- name: remarks_on
-- The facts that correct or approve these records, and those that correct or approve such a fact.
WITH RECURSIVE said (id, seq) AS (
    SELECT facts.id, facts.seq FROM remarks JOIN facts USING (scope, seq)
    WHERE remarks.scope = %(scope)s AND remarks.record = ANY(%(records)s::text[])
    UNION
    SELECT facts.id, facts.seq
    FROM said JOIN remarks ON remarks.scope = %(scope)s AND remarks.record = said.id
    JOIN facts ON facts.scope = remarks.scope AND facts.seq = remarks.seq
)
SELECT id FROM said ORDER BY seq

-- name: corrections_of
SELECT remarks.record, remarks.seq, remarks.taken, facts.body FROM remarks JOIN facts USING (scope, seq)
WHERE remarks.scope = %s AND remarks.record = ANY(%s::text[]) AND facts.type = 'record.corrected'
ORDER BY remarks.seq

-- name: page_of_warnings
-- What is out of reach is passed over: a scope has one row for each value. Of a record elsewhere nothing is told.
SELECT rule, value, path, records,
       CASE WHEN %(whole)s OR first.office = ANY(%(offices)s::text[]) THEN first.body END,
       CASE WHEN %(whole)s OR last.office = ANY(%(offices)s::text[]) THEN last.body END, first_seq
FROM warnings
LEFT JOIN facts AS first ON first.scope = warnings.scope AND first.seq = first_seq
LEFT JOIN facts AS last ON last.scope = warnings.scope AND last.seq = last_seq
WHERE warnings.scope = %(scope)s AND (first_seq, rule || ':' || value) > (%(born)s, %(after)s)
  AND (%(whole)s OR first.office = ANY(%(offices)s::text[]) OR last.office = ANY(%(offices)s::text[])
       OR value = ANY(%(people)s::text[]) AND rule IN ('unknown_staff', 'departed_staff'))
ORDER BY first_seq, rule || ':' || value LIMIT %(limit)s
