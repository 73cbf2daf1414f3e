"""Rules about routes, dependencies and responses."""
