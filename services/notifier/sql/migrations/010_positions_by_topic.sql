-- A position counts only beside the cluster and the topic that it was made in: `cluster/topic@topic-id:partition`. Empty:
-- from a version that did not know them.
ALTER TABLE positions ADD COLUMN source text NOT NULL DEFAULT '';
-- While a log is read from its beginning: where it ended then, and (for a notifier that knew nothing before) the
-- business time at which it began, before which alerts may have been sent by the one whose rows are gone.
ALTER TABLE positions ADD COLUMN again_until bigint;
ALTER TABLE positions ADD COLUMN begun_at timestamptz;

-- Attribution that was built anew numbers its messages anew, in an edition of its own. `base` is added to its `seq`, so
-- that what is later has the higher number here, whichever edition it came in.
ALTER TABLE scopes ADD COLUMN edition bigint NOT NULL DEFAULT 0;
ALTER TABLE scopes ADD COLUMN base bigint NOT NULL DEFAULT 0;
ALTER TABLE scopes ADD COLUMN edition_began timestamptz; -- business time
