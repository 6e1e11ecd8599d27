"""What one unit asks of another about a case."""
