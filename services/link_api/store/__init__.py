"""All SQL of link_api, by what it is about. Functions take a session and never commit; every query names its user."""
