"""Rules about the language as Python 3.12 has it."""
