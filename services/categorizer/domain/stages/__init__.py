"""The stages of the pipeline: each answers a case from one kind of evidence, or leaves it to the next."""
