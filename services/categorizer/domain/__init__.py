"""Deciding: pure functions from a transaction and what stands about it to what must be written."""
