"""The vocabulary of the log: its figures."""
