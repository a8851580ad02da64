"""The record of access: append-only, chained, in a schema of its own."""
