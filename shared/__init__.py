"""What crosses a service border: the contract, topics, settings, telemetry, embedded parts, the command."""
