"""A period that was signed: its numbers, and what has come of it since."""
