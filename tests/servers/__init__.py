"""Real servers for tests: named by the environment, else from containers, wheels or the distribution's packages."""


class Missing(Exception):
    """A server cannot be had on this machine; the text names it and says how to get it."""
