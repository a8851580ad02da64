"""The desk: who is next, whose customer it is, and what is registered within twenty seconds."""
