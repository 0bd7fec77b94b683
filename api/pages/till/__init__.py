"""Pages of a cashier, for a phone or tablet: amount, scan, paid; today, and giving back."""
