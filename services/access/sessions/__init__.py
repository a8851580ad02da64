"""Signing in, going on, signing out; the tokens that say so."""
