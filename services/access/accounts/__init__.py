"""Accounts of people and machines, and what was granted to them."""
