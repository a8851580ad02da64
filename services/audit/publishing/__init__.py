"""From entries to files and signed checkpoints."""
