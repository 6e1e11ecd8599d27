"""Analytics: what is going on."""
