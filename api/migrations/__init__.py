"""Migrations of the schema, run by Alembic on both databases."""
