"""The reports of an office, R1 to R20: pure functions of what was known at a time (registers.md)."""
