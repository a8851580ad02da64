"""The vocabulary of intake: submissions, outcomes, and what a record says of people."""
