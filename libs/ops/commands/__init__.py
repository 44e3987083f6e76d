"""A module for each noun: what may be asked of it, and how the answer is told."""
