"""Rules about calls to other services."""
