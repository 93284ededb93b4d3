"""Article -> Story: which articles are the same, and which tell of the same event."""
