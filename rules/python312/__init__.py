"""Rules about the language: its traps, and what Python 3.12 says better."""
