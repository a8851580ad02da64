"""Backup and restore of what the services keep in PostgreSQL, whole or one part alone (docs/backup.md)."""
