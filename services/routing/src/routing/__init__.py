"""Routing: who must do what by when."""
