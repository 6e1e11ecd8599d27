"""Procedures as data."""
