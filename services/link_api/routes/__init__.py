"""The HTTP face, by noun: each route reads the request, calls one thing, renders the answer."""
