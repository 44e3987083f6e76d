"""All SQL of the operators' command, by what it is about. Functions take a session and never commit."""
