"""Intake: takes events in, journals them durably, relays them to Kafka in order."""
