"""Facts on which a scope is parked: listed, tried again, set aside."""
