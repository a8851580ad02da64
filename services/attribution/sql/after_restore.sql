-- name: after_restore
-- Rows from a backup have sent more than they know: from here on they are an edition of their own, and tell the
-- ownership topic anew how everything stands.
UPDATE edition SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
DELETE FROM restatements;
UPDATE kept_topics SET topic_id = ''
