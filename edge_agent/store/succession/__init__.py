"""When a ledger is left for a new one: whose it is, what is set aside, what is taken over."""
