"""The registers as lists: reach, filter, sort and search; customer card, level board and work list; pure."""
