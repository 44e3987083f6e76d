"""What a test may do to the bank, to Plaid and to the network between: the levers of the control API."""
