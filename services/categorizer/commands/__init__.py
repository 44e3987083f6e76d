"""What can be asked of the categorizer by hand: one module each, with `run(arguments) -> exit code`.

Each is `python -m categorizer <name>`; the name of its module is its word. None is imported to serve.
"""

WORDS = ("evaluate", "redecide", "reliability", "train")
"""One line is all that a new one needs here."""
