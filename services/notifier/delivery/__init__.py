"""Sending what is due: claimed under a lease, gathered, tried over channels in rounds, settled."""
