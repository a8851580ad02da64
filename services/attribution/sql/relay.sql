-- Statements of the relay. It reads the outbox from its beginning and deletes what was acknowledged: without a
-- cursor no row that becomes visible late can be skipped.

-- name: watermarks
SELECT partition, watermark FROM watermarks WHERE sent IS NULL OR sent < watermark ORDER BY partition

-- name: unsent_messages
SELECT id, partition, scope, seq, body, traceparent FROM outbox ORDER BY id LIMIT %s

-- name: delete_sent
DELETE FROM outbox WHERE id = ANY(%s::bigint[])

-- name: watermark_sent
UPDATE watermarks SET sent = %s WHERE partition = %s

-- name: unsent_dead
SELECT id, source, record, key, value, reason FROM dead_records WHERE NOT sent ORDER BY id LIMIT %s

-- name: dead_sent
UPDATE dead_records SET sent = true WHERE id = ANY(%s::bigint[])

-- name: backlog
SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT %s) AS waiting
