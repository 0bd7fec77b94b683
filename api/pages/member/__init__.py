"""Pages of a volunteer, for a phone: balance, pay code, tasks, duties, statement, settings."""
