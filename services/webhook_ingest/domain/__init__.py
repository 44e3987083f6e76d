"""What a webhook must prove, and what it means to us: pure functions over bytes, names and numbers."""
