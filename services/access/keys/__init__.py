"""The file of keys: which sign tokens, which seals secrets."""
