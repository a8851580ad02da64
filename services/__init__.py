"""The three services of Panke; each imports `shared` and never another."""
