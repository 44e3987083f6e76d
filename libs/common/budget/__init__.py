"""Plaid's rate limits, shared by every process through PostgreSQL, and how often each endpoint was called.

Its parts are imported by name: `postgres` is for who calls Plaid, `tally` also for who has no library of Plaid's.
"""
