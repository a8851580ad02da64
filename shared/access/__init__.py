"""Who calls, and what they may do: verified offline by every service, from one table of permissions."""
