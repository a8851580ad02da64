"""What the log answers: its checkpoint, and proofs that lead to it."""
