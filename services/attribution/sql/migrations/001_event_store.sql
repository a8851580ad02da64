-- The event store: the tables of the `eventsourcing` library, in our schema and with our own autovacuum.
-- One stream per scope; versions have no gaps. The composite type is the library's, for its stock methods.

CREATE TABLE stored_events (
    originator_id      uuid   NOT NULL,
    originator_version bigint NOT NULL,
    topic              text   NOT NULL,
    state              bytea  NOT NULL,
    notification_id    bigserial,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id);

CREATE TYPE stored_event_uuid AS (
    originator_id uuid, originator_version bigint, topic text, state bytea
);

-- One row per partition, rewritten with every batch: room for updates in place, and vacuumed often.
CREATE TABLE notification_tracking (
    application_name text PRIMARY KEY,
    notification_id  bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- The library's own mark that this is its table of one row per application.
INSERT INTO notification_tracking VALUES ('__migration__', 1);
