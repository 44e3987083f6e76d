"""The pure part of syncing: what a page says, what to write, when to come again. No I/O; time is an argument."""
