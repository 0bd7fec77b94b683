"""The rooms together, on SQLite and on PostgreSQL."""
