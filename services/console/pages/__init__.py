"""The pages, one room of the office each."""
