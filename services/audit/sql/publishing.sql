-- From entries to files and checkpoints; done by one process, which holds the lead.

-- name: tree
SELECT size, peaks FROM tree

-- name: flush
-- A commit that waits for the disk, and so for all that were committed before it.
UPDATE flushes SET at = clock_timestamp()

-- name: wait_for_the_disk
SET LOCAL synchronous_commit = on

-- name: entries_between
SELECT leaf, entry, clear FROM entries WHERE index >= %(first)s AND index < %(end)s ORDER BY index

-- name: body
SELECT body, clear FROM bodies WHERE sha256 = %(sha256)s

-- name: published
SELECT size, note, published_at FROM published

-- name: put_published
INSERT INTO published (size, note, published_at) VALUES (%(size)s, %(note)s, %(at)s)
ON CONFLICT (one) DO UPDATE
SET size = excluded.size, note = excluded.note, published_at = excluded.published_at

-- name: signing_keys
SELECT vkey FROM signing_keys ORDER BY added_at, vkey

-- name: put_signing_key
INSERT INTO signing_keys (vkey, added_at) VALUES (%(vkey)s, %(at)s) ON CONFLICT (vkey) DO NOTHING

-- name: place_of_fact
SELECT index, leaf FROM entries WHERE kind = 'fact' AND scope = %(scope)s AND seq = %(seq)s

-- name: key_entries
SELECT index, entry FROM entries WHERE kind = 'key' ORDER BY index
