"""Pages of a petition (材料册): scans, photographs and documents put in order, read, and filed as one PDF."""
