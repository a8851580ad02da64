"""What a caller proves who they are with: passwords, one-time codes, and how often somebody may try."""
