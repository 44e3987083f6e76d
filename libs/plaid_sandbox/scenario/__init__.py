"""Scenarios: which levers are pulled when, in a file."""
