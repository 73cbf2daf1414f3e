"""Rules about routes, dependencies and models."""
