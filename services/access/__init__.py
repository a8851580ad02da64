"""Who comes in: accounts, sign-in, roles, tokens, and the record of access."""
