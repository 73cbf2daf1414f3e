"""Rules about where code belongs."""
