"""HTTP as every service speaks it: the application, its limits, problems, OpenAPI."""
