"""The rights of people whose data is held: a copy of it, its erasure, and how long it is kept (privacy.md#rights)."""
