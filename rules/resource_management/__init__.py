"""Rules about what is opened and not closed."""
