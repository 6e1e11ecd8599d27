"""Notify: who was told."""
