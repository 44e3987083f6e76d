"""All SQL of sync_worker, by what it is about. Functions take a session and never commit."""
