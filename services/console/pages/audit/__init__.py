"""Audit: a history walked through in time, the log and its proofs, replays, what differs, who looked at what."""
