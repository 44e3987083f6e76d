"""Plaid's rate limits, shared by every process through PostgreSQL."""
