"""The rulebooks that ship, as cited YAML, and what reads, checks, compares and tells rulebooks."""
