"""Files, papers and dossiers: how fast, in how much memory, and among how many."""
