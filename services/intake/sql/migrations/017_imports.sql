-- Imports of old books (imports.md): what is asked, how far each is, and what came of it. The file stands here until the
-- import has ended, and what its rows said that were rejected until the row goes: under seal where the journal is.
CREATE TABLE intake.imports (
    id          uuid PRIMARY KEY,
    scope       text NOT NULL,
    office      text NOT NULL,
    kind        text NOT NULL,
    caller      text NOT NULL,                -- the account, by which its open ones are counted
    login       text NOT NULL,
    asked       bytea NOT NULL,               -- JSON: how the file is to be read, and by whose rights it is recorded
    sealed_by   text,                         -- under which key the texts below are; null: in clear, as the journal
    file        bytea,                        -- null once the import has ended
    state       text NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    attempts    integer NOT NULL DEFAULT 0,
    lease       uuid,
    leased_until timestamptz,                 -- machine time
    stop        boolean NOT NULL DEFAULT false,  -- to be cancelled by who runs it
    begun_seq   bigint,                       -- what the scope held before it: what came later is its own
    read        bigint NOT NULL DEFAULT 0,
    accepted    bigint NOT NULL DEFAULT 0,
    duplicates  bigint NOT NULL DEFAULT 0,
    rejected    bigint NOT NULL DEFAULT 0,
    sheet       bytea,                        -- JSON: what was read of the file
    rejections  bytea,                        -- JSON: the first of them, by row, column and rule
    rejected_rows bytea,                      -- the rejected rows as a workbook
    preview     bytea,                        -- JSON: what the first rows would decide
    problem     bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    ended_at    timestamptz
);
CREATE INDEX imports_of_office ON intake.imports (office, created_at DESC, id);
CREATE INDEX open_imports ON intake.imports (created_at, id) WHERE state IN ('waiting', 'running');
CREATE INDEX ended_imports ON intake.imports (ended_at) WHERE ended_at IS NOT NULL;

-- How an office's books of one kind are read.
CREATE TABLE intake.import_mappings (
    office  text NOT NULL,
    kind    text NOT NULL,
    mapping bytea NOT NULL,
    login   text NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (office, kind)
);

-- The secret under which ids of rows are made, so that no id tells whom its row is of (privacy.md#imports).
CREATE TABLE intake.import_secret (
    single    boolean PRIMARY KEY DEFAULT true CHECK (single),
    sealed_by text,
    secret    bytea NOT NULL
);
