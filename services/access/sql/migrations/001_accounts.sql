-- Who may sign in. No names and no contacts of people: an account has a login and the ids by which records name it.
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('person', 'machine')),
    login text NOT NULL UNIQUE, -- in small letters
    password text, -- argon2id with its parameters; null until the person has chosen one
    totp bytea, -- sealed; null without a second factor
    totp_offered bytea, -- sealed; offered and not confirmed yet
    totp_step bigint NOT NULL DEFAULT 0, -- the step of the last code that was taken: none is taken twice
    made_at timestamptz NOT NULL,
    disabled_at timestamptz
);

-- By which ids the records of a scope name the person of an account.
CREATE TABLE account_staff (
    scope text NOT NULL,
    staff text NOT NULL,
    account uuid NOT NULL REFERENCES accounts,
    PRIMARY KEY (scope, staff)
);
CREATE INDEX account_staff_by_account ON account_staff (account);

-- Whom a provider of OpenID Connect calls by which subject.
CREATE TABLE identities (
    provider text NOT NULL,
    subject text NOT NULL,
    account uuid NOT NULL REFERENCES accounts,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX identities_by_account ON identities (account);

-- Codes by which a person chooses a password, once. Of what is secret, only digests are kept.
CREATE TABLE set_up_codes (
    digest bytea PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts,
    ends_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE TABLE machine_secrets (
    digest bytea PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts,
    made_at timestamptz NOT NULL,
    ends_at timestamptz -- null: until another one is made
);
CREATE INDEX machine_secrets_by_account ON machine_secrets (account);

CREATE TABLE recovery_codes (
    digest bytea PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts,
    used_at timestamptz
);
CREATE INDEX recovery_codes_by_account ON recovery_codes (account);

-- What the journal cannot know: head office, auditors over several scopes, machines.
CREATE TABLE grants (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts,
    role text NOT NULL,
    scopes text[] NOT NULL, -- '*' is every scope
    made_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX grants_standing ON grants (account) WHERE ended_at IS NULL;

-- A sign-in, and the family of refresh tokens that came of it.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts,
    method text NOT NULL, -- password, or openid/PROVIDER
    made_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sessions_by_account ON sessions (account) WHERE ended_at IS NULL;

CREATE TABLE refresh_tokens (
    digest bytea PRIMARY KEY,
    session uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    ends_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

-- Failed sign-ins of an account, of an address, and of both together; the key is a digest.
CREATE TABLE attempts (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    last_at timestamptz NOT NULL,
    locked_until timestamptz
);

-- A sign-in that is under way at a provider, by the digest of its `state`.
CREATE TABLE openid_flows (
    state bytea PRIMARY KEY,
    provider text NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    browser bytea NOT NULL, -- digest of the cookie of the browser that began it
    challenge text NOT NULL, -- of the client that will ask for tokens
    return_to text NOT NULL,
    ends_at timestamptz NOT NULL
);

-- What the client gets when it comes back from the provider, to be had for tokens, once.
CREATE TABLE openid_grants (
    digest bytea PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts,
    provider text NOT NULL,
    challenge text NOT NULL,
    ends_at timestamptz NOT NULL
);

-- Which keys have signed here: a file of keys that is lost is noticed, and no other one is begun in silence.
CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
