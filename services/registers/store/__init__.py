"""What is kept of the topic: the facts of each scope in their order, one transaction a batch with the position."""
