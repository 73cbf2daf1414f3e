"""Statements: found in code, rendered, planned by SQLite, and the indexes that they lack."""
