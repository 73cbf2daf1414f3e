"""The engine, its sessions, and the queries of each table."""
