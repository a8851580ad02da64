-- Statements of the relay. It reads the outbox from its beginning and deletes what was acknowledged: without a
-- cursor no row that becomes visible late can be skipped.

-- name: watermarks
SELECT partition, watermark FROM watermarks ORDER BY partition

-- name: unsent_messages
SELECT id, partition, scope, seq, body, traceparent, (SELECT number FROM edition), known_at, restated FROM outbox ORDER BY id LIMIT %s

-- name: delete_sent
DELETE FROM outbox WHERE id = ANY(%s::bigint[])

-- name: unsent_dead
SELECT id, source, record, key, value, reason FROM dead_records WHERE NOT sent ORDER BY id LIMIT %s

-- name: dead_sent
UPDATE dead_records SET sent = true WHERE id = ANY(%s::bigint[])

-- name: backlog
SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT %s) AS waiting

-- name: kept_topic
SELECT cluster, topic_id, firsts, ends FROM kept_topics WHERE topic = %(topic)s

-- name: keep_topic
INSERT INTO kept_topics (topic, cluster, topic_id, firsts, ends)
VALUES (%(topic)s, %(cluster)s, %(id)s, %(firsts)s, %(ends)s)
ON CONFLICT (topic) DO UPDATE SET cluster = excluded.cluster, topic_id = excluded.topic_id, firsts = excluded.firsts,
    ends = excluded.ends

-- name: all_scopes
SELECT scope FROM scopes ORDER BY scope

-- name: lock_scope
SELECT partition, sent_seq FROM scopes WHERE scope = %(scope)s FOR UPDATE

-- name: restated_claims
SELECT born, nth, customer, generation, owner, status, expires_at,
       ARRAY(SELECT joined.customer FROM joined
             WHERE joined.scope = claims.scope AND joined.into_customer = home_of(claims.scope, claims.customer)
             ORDER BY joined.customer)
FROM claims WHERE scope = %(scope)s AND (born, nth, customer) > (%(born)s, %(nth)s, %(customer)s)
ORDER BY born, nth, customer LIMIT %(limit)s

-- name: restated_decisions
-- In the order in which they were made, under whom each stands now.
(
    SELECT version, 0 AS of_deal, body, coalesce(homes.customer, decisions.customer), NULL
    FROM decisions LEFT JOIN homes ON homes.scope = decisions.scope AND homes.home = decisions.customer
    WHERE decisions.scope = %(scope)s AND (version, 0) > (%(version)s, %(of_deal)s)
    ORDER BY version LIMIT %(limit)s
)
UNION ALL
(
    SELECT version, 1, body, deals.customer, deal
    FROM deal_decisions JOIN deals USING (scope, deal)
    WHERE scope = %(scope)s AND (version, 1) > (%(version)s, %(of_deal)s)
    ORDER BY version LIMIT %(limit)s
)
ORDER BY version, of_deal LIMIT %(limit)s

-- name: put_restated
-- What is told anew was known as late as the watermark tells.
INSERT INTO outbox (partition, scope, seq, body, known_at, restated)
SELECT new.partition, scope, seq, body, watermark, true
FROM unnest(%b::integer[], %b::text[], %b::bigint[], %b::bytea[])
    WITH ORDINALITY AS new (partition, scope, seq, body, n)
LEFT JOIN watermarks USING (partition)
ORDER BY n

-- name: restated_staff
SELECT staff, name, role, contacts, office, away IS NOT NULL FROM staff WHERE scope = %(scope)s ORDER BY staff

-- name: scope_record
SELECT state FROM records WHERE scope = %(scope)s AND kind = 'scope'

-- name: restated
UPDATE scopes SET sent_seq = %(seq)s WHERE scope = %(scope)s

-- name: begin_restatement
INSERT INTO restatements (scope, cause) SELECT scope, %(cause)s FROM scopes WHERE scope = %(scope)s
ON CONFLICT DO NOTHING

-- name: restatement
SELECT stage, after, told FROM restatements WHERE scope = %(scope)s AND cause = %(cause)s FOR UPDATE

-- name: put_restatement
UPDATE restatements SET stage = %(stage)s, after = %(after)s, told = %(told)s
WHERE scope = %(scope)s AND cause = %(cause)s

-- name: end_restatement
DELETE FROM restatements WHERE scope = %(scope)s AND cause = %(cause)s

-- name: forget_restatements
-- For topics that are none any more.
DELETE FROM restatements WHERE cause <> %(asked)s AND cause <> %(cause)s

-- name: restated_for
SELECT scope FROM restatements WHERE cause = %(cause)s ORDER BY scope

-- name: begun_scopes
-- Rows go when they are acknowledged, in order: a scope whose first message waits has sent none. One statement, for one
-- look at both tables: a scope that begins meanwhile would be in the second alone.
SELECT scope FROM scopes
WHERE NOT EXISTS (SELECT FROM outbox WHERE outbox.scope = scopes.scope AND outbox.seq = 1)
ORDER BY scope
