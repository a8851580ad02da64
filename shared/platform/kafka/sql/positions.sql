-- How far a service has taken its topic in: the table `positions` of its own schema.

-- name: positions
SELECT partition, next, source FROM positions WHERE topic = %(topic)s AND partition = ANY(%(partitions)s)

-- name: position_of
SELECT partition, next, source FROM positions WHERE topic = %(topic)s AND partition = %(partition)s FOR UPDATE

-- name: put_position
INSERT INTO positions (topic, partition, next, source)
VALUES (%(topic)s, %(partition)s, %(first)s, %(source)s)
ON CONFLICT (topic, partition) DO UPDATE SET next = excluded.next, source = excluded.source

-- name: advance_position
-- Compare-and-set: a consumer that lost the partition, or reads another topic, finds no row and writes nothing.
UPDATE positions SET next = %(next)s
WHERE topic = %(topic)s AND partition = %(partition)s AND next = %(expected)s AND source = %(source)s
