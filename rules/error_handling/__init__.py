"""Rules about failures that are hidden, mistold or lost."""
