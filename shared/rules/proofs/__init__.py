"""Rulebooks proved: small histories searched one and all for what an office would not want (docs/rules/proofs.md)."""
