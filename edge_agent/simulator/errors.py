"""The one error of the simulator that is meant for the person who started it."""

from __future__ import annotations


class SimulatorError(Exception):
    """The simulator cannot start or go on; the message says what, where and what to do."""
