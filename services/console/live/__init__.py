"""What moves without a reload: a stream that says when a scope has a new fact."""
