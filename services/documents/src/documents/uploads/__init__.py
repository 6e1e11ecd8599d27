"""Uploads that survive a bad line: the tus protocol."""
