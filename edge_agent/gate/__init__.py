"""The daemon at the gate, and all that it works with."""
