"""What attribution keeps in PostgreSQL: events, state rows, projections, positions."""
