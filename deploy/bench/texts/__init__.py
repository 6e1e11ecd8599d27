"""Text messages: how fast they leave, how soon one that comes in is confirmed, how senders share a mass notice."""
