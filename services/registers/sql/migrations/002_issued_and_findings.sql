-- Reports that were issued, each with its bytes as the registers had them: names under seal, a mark for words.
CREATE TABLE issued_reports (
    id        uuid PRIMARY KEY,
    place     bigint GENERATED ALWAYS AS IDENTITY UNIQUE, -- the order in which they were kept
    scope     text NOT NULL,
    office    text NOT NULL,
    report    text NOT NULL,
    first     date NOT NULL,
    last      date NOT NULL,
    grain     text,
    known_at  timestamptz NOT NULL,
    as_of     timestamptz NOT NULL,
    as_of_seq bigint NOT NULL,
    scheme    text NOT NULL,
    rulebook  text NOT NULL,
    issued_by text NOT NULL,
    issued_at timestamptz NOT NULL, -- business time
    digest    text NOT NULL,        -- of the bytes
    document  bytea NOT NULL
);
CREATE INDEX issued_reports_office ON issued_reports (scope, office, place DESC);

-- The stages of each, the first of which is its issue.
CREATE TABLE issued_steps (
    report uuid NOT NULL REFERENCES issued_reports,
    number integer NOT NULL,
    stage  text NOT NULL,
    by     text NOT NULL,
    at     timestamptz NOT NULL, -- business time
    remark text,
    PRIMARY KEY (report, number)
);

-- Who owned and who closed what machines found; `as_of_seq` is what was known then, so that a finding that stands after
-- something new was recorded of it is open again. `body` is the finding as it was, in ids.
CREATE TABLE finding_steps (
    scope     text NOT NULL,
    office    text NOT NULL,
    finding   text NOT NULL,
    number    integer NOT NULL,
    step      text NOT NULL,
    owner     text,
    note      text,
    by        text NOT NULL,
    at        timestamptz NOT NULL, -- business time
    as_of_seq bigint NOT NULL,
    body      bytea NOT NULL,
    PRIMARY KEY (scope, office, finding, number)
);
