"""My customers: whose time runs out, the work of the day, and what is recorded of them in two taps."""
