"""Kafka as every service uses it: senders, the relay of an outbox, the state of topics, watermarks."""
