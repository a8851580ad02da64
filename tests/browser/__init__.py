"""The console as people see it; a package, so that what its tests share ends with them."""
