"""Intake: what was raised, by whom, where does it stand."""
