"""How files and papers follow a case to the nodes that work on it."""
