"""What offices write about a case (文书)."""
