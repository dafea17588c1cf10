"""When a ledger is left for a new one, and how."""
