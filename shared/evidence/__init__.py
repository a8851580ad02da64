"""Evidence packs and their verification, pure: without database, network or clock (evidence.md)."""
