"""Match + story + history -> alert, and what a message says."""
