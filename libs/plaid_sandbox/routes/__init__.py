"""The stand-in's HTTP: Plaid's API, its sandbox endpoints, the backend of Link, and the control API."""
