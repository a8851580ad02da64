"""The vocabulary of alerts: pure types that every room of the notifier shares."""
