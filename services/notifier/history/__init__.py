"""What was told to whom and what became of it: lists, proof, delivery reports."""
