"""The database of a deployment: its schemas, and the roles of the services."""
