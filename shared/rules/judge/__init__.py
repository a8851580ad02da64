"""Judging in memory: a file (`panke judge`), stored facts again, a rulebook on trial; one result for all."""
