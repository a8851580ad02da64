"""The outbox of ownership messages and its relay to the topic."""
