"""A simulated stream of petitions through all shipped procedures: routing's domain in memory, in simulated time."""
