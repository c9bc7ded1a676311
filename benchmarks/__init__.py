"""Speed, cost and quality, as programs that print a table."""
