"""The file of keys by which checkpoints are signed."""
