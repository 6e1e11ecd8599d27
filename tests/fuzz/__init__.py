"""Targets for atheris; tests run each for a bounded number of runs."""
