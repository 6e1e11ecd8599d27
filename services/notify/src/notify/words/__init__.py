"""The words of text messages: every text that can go out, and how far a case is in words."""
