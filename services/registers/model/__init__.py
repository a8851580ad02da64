"""The vocabulary of registers: rows with both clocks, what is known of a scope at a time, the scheme of an office."""
