"""Stored facts judged again: how a scope stood at an earlier time."""
