"""Looking whether what was kept is still there and whole, and moving it under the active key."""
