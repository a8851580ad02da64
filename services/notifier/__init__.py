"""The notifier: tells the people concerned before a claim runs out, and when it has run out.

architecture.md#one-fact-one-way: it keeps timers, attempts and receipts in its own schema, and decides nothing. What
it knows of claims it has from `kind: claim` on `panke.ownership.v1` alone.
"""
