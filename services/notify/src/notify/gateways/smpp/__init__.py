"""A message centre (SMSC) by SMPP 3.4, on aiosmpplib (ADR 0037)."""
