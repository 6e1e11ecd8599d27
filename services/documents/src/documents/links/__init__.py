"""Links to a file or a paper that hold for some minutes, for what opens it without a session: a viewer, a printer."""
