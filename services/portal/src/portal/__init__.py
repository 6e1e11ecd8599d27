"""The people's face: accounts, sessions, tokens, and pages for petitioners and staff."""
