"""The rules: pure functions and values; they import the standard library and nothing else."""
