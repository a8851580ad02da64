"""Historic questions: how a scope, or one customer of it, stood at an earlier time, or was known to stand then."""
