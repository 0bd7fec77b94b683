"""Races, kills and lost answers."""
