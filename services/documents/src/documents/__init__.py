"""Files and papers (材料与文书) of petitions: what was written, unchanged."""
