"""All SQL of categorizer, by table. Functions take a session and never commit."""
