"""The rulebook and the scheme in words with their clauses, what differs between two, and drafts tried on past facts."""
