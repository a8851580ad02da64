"""The Merkle log over the journal: sequences its facts, signs checkpoints, gives proofs (ADR 0044)."""
