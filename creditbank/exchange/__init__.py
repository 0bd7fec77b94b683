"""Exchange: what members do with what they have among themselves: gifts, donations, services."""
