"""Personal texts under seal: the keys of people, sealing and opening (ADR 0035)."""
