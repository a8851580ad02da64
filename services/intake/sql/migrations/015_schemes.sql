-- By which scheme an office goes is told by its adoptions: asked for each that follows, and for keys of profiles that are
-- off until a scheme turns them on.
CREATE INDEX scheme_adoptions ON intake.facts (scope, seq) WHERE type = 'scheme.adopted';

-- The text of a scheme that was adopted is kept: what its name and version meant then can be read whatever file is there.
CREATE TABLE intake.schemes (
    scheme  text NOT NULL,
    version integer NOT NULL,
    sha256  text NOT NULL,
    texts   bytea[] NOT NULL, -- those of its chain, root first
    PRIMARY KEY (scheme, version)
);
