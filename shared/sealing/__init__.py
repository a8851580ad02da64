"""Personal texts under seal: keys of people, the vault that holds them, sealing and opening (ADR 0035)."""
