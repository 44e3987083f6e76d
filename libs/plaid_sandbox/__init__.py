"""A stand-in of Plaid's sandbox: its API, its Link, its signed webhooks and its faults, in memory."""
