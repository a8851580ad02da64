"""The shift: who is here today, and in which order they receive."""
