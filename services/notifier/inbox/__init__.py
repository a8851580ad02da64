"""From the ownership topic to alerts: what a claim or a decision means for the people concerned."""
