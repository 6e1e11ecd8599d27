"""Cases that hang together: merged into a lead, or of a matter that went through re-review before."""
