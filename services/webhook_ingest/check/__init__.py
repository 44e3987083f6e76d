"""The self-test: whether webhooks reach webhook_ingest as they were sent, asked from outside as Plaid would."""
