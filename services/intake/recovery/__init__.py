"""A journal that is older than its topic takes back what it lost."""
