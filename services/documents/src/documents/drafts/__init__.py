"""Drafts of papers: written, compared, taken to Word and back, and filed."""
