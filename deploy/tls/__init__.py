"""Certificates of a deployment's own authority, for database, broker and services that no other one vouches for."""
