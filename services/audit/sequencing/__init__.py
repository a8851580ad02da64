"""From the topic of facts to entries with an index, one transaction a batch."""
