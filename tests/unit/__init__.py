"""Rules without a database, one room at a time."""
