"""Texts that come in from telephones: kept, joined, understood, acted on, answered."""
