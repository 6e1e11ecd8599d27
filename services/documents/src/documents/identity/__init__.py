"""Identity papers (身份证件): which files are some, and that nobody reads one without saying what for."""
