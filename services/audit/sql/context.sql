-- What the judging goes by besides facts.

-- name: await_texts
INSERT INTO awaited_texts (scope, seq, name, version)
SELECT * FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(names)s::text[], %(versions)s::integer[])
ON CONFLICT DO NOTHING

-- name: await_lost_texts
-- Of facts that came again: a log that was taken back from its files may lack the text that came some seconds behind one.
INSERT INTO awaited_texts (scope, seq, name, version)
SELECT new.* FROM unnest(%(scopes)s::text[], %(seqs)s::bigint[], %(names)s::text[], %(versions)s::integer[])
    AS new (scope, seq, name, version)
WHERE NOT EXISTS (
    SELECT FROM entries WHERE entries.scope = new.scope AND entries.seq = new.seq AND entries.kind = 'rulebook'
)
ON CONFLICT DO NOTHING

-- name: awaited_texts
SELECT scope, seq, name, version FROM awaited_texts ORDER BY scope, seq, name LIMIT 500

-- name: text_logged
DELETE FROM awaited_texts WHERE scope = %(scope)s AND seq = %(seq)s AND name = %(name)s
