"""From the topic of facts to who is enrolled as what."""
