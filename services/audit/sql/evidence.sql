-- A scope as a pack of evidence has it.

-- name: entries_of_scope
-- In the order of the log, which is that of the facts; two indexes are read, and put into one order.
SELECT index, leaf, entry FROM (
    SELECT index, leaf, entry FROM entries WHERE kind = 'fact' AND scope = %(scope)s AND index < %(size)s
    UNION ALL
    SELECT index, leaf, entry FROM entries WHERE kind <> 'fact' AND scope = %(scope)s AND index < %(size)s
) AS one ORDER BY index

-- name: logged_seq
SELECT seq FROM scopes WHERE scope = %(scope)s
