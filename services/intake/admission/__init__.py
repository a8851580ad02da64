"""From bytes to a submission: what may be taken in, and by which rules."""
