"""The outbox of facts and its relay to the topic."""
