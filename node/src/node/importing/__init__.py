"""`xinqiao import`: petitions from files, through the same HTTP interface as everybody."""
