"""All customers, and one customer: whose, by which clause, and how that came to be at any time."""
