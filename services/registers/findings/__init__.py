"""What machines find in registers, owned and closed by people; it changes no ownership."""
