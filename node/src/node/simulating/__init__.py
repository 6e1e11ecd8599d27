"""A simulated stream of petitions through all shipped procedures: real routing on a database of its own."""
