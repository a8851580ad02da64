"""A witness of logs: signs a checkpoint only where it goes on from the last one that it saw (C2SP tlog-witness)."""
