"""Disputes: who claims what by which records, what a ruling would do, and the ruling."""
