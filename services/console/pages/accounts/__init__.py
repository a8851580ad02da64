"""Accounts of people and machines, for administrators: who may sign in, and what is granted to them."""
