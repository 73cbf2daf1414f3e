"""The tables, columns and indexes of a project, from models, migrations and SQL texts."""
