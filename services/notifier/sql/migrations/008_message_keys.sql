-- The members of a message whose answer was lost, which go out again together.
CREATE INDEX alerts_by_digest ON alerts (digest) WHERE digest IS NOT NULL;
