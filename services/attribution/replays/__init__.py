"""Stored facts judged otherwise than they were: under another rulebook, or without some of them."""
