"""Foreign text made harmless for terminals, logs and messages."""
