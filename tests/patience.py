"""How long a test waits for what must come, and for how little what a person would notice."""

PATIENCE_S = 120.0
"""Seconds until a test gives up: never reached by a sound program, on however busy a machine."""

alone = False
"""Whether nothing runs beside the test: pytest -m alone."""


def at_most(seconds: float) -> float:
    """A time that a person would notice, where it can be held; a busy machine has no such times.

    A test that asks for it is marked ``alone``.
    """
    return seconds if alone else PATIENCE_S
