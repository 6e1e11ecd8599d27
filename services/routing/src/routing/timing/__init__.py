"""Clocks: what they are, how days are counted, why they end when they do, who is told."""
