"""Looking for malware in what was handed in."""
