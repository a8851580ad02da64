"""The append-only journal: numbering, group commit, and the comparison with its topic."""
