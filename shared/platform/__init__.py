"""What every service stands on: settings, clocks, HTTP, Kafka, PostgreSQL, telemetry."""
