"""Benchmarks: what each part costs, as a ratio to a limit that is measured in the same run.

A figure of one machine says little on another one, and two figures taken minutes apart say little on a busy one.
So each benchmark measures a limit beside what it is about (the same work without the part that is in question),
in turns, and tells the median of the ratios. Run with `make bench`, or `python -m bench NAME…`.
"""
