"""How right the pipeline is: labelled rows from a file, decided as in production, and counted."""
