"""The vocabulary of access: what is refused and how, what is counted, what goes on the record."""
