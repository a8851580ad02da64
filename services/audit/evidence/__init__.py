"""Evidence packs of customers, made from the log and from what the other services say to whoever asks."""
