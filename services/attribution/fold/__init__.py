"""The live fold: facts from Kafka into domain events, records and messages, in one transaction a batch."""
