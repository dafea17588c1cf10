"""How long a test waits for what must come."""

PATIENCE_S = 120.0
"""Seconds until a test gives up: never reached by a sound program, on however busy a machine.

A test awaits events, and measures nothing with this. What must happen within a time that a person
would notice is measured where nothing else runs: pytest -m alone.
"""
