"""Supervision that is proposed and decided."""
