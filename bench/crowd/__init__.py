"""A thousand users at once: what `make load` lets happen to the running system, and whether it stood it."""
