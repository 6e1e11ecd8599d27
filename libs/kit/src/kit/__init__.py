"""Mechanism only: nothing in this package knows what a petition is."""
