"""The ledger, the workers and the prints in one SQLite file."""
