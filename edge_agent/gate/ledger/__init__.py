"""The ledger beside the punches: its disk, its gaps, its times, its oldest entries."""
