"""The invented office: its people, its customers, its days."""
