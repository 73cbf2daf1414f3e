"""Rules about connections, files, clients and tasks that must be closed."""
