-- What the judging goes by besides facts.

-- name: await_texts
INSERT INTO awaited_texts (scope, seq, name, version)
SELECT * FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(names)s::text[], %(versions)s::integer[])
ON CONFLICT DO NOTHING

-- name: awaited_texts
SELECT scope, seq, name, version FROM awaited_texts ORDER BY scope, seq, name LIMIT 500

-- name: text_logged
DELETE FROM awaited_texts WHERE scope = %(scope)s AND seq = %(seq)s AND name = %(name)s
