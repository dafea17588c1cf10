"""How long a test waits for what must come, and for how little what a person would notice."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from unittest.mock import patch

from msgspec.structs import replace

from edge_agent.gate.sensor import link
from edge_agent.simulator import glass

if TYPE_CHECKING:
    from edge_agent.gate.sensor.port import Port

PATIENCE_S = 120.0
"""Seconds until a test gives up: never reached by a sound program, on however busy a machine."""

_ANSWER_S = 5.0
"""Seconds that a simulated sensor has for an answer, ten times a real one's, and a gate for a look.

Not more: what is asked while a simulator starts is never answered, and asked again only then.
"""

alone = False
"""Whether nothing runs beside the test: pytest -m alone."""


def at_most(seconds: float) -> float:
    """A time that a person would notice, where it can be held; a busy machine has no such times.

    A test that asks for it is marked ``alone``.
    """
    return seconds if alone else PATIENCE_S


def patient_line() -> ExitStack:
    """From now on, until it is closed, gate and simulated sensor in this process wait for each
    other, on however busy a machine.

    The gate for an answer, the sensor for a look at the bare glass before the next finger. Not
    where a fault of the line is tried, a silence would last as long; nor where nobody looks.
    """
    rows = {code: replace(row, deadline=_ANSWER_S) for code, row in link.INSTRUCTIONS.items()}
    line = {"INSTRUCTIONS": rows, "_WITHIN_A_REPLY": _ANSWER_S, "_BETWEEN_PACKETS": _ANSWER_S}
    waits = ExitStack()
    waits.enter_context(patch.multiple(link, **line))
    waits.enter_context(patch.object(glass, "_GAP", _ANSWER_S))
    return waits


def patient_with_another_baud() -> ExitStack:
    """From now on, until it is closed, a gate whose sensor is silent at the settings' baud waits
    for its answer at another one; the silence itself is not waited for any longer.

    Only for the first of the others that it tries.
    """
    from edge_agent.gate.sensor import fingerprint_sensor  # Not for each process of a gate.

    looks = fingerprint_sensor._other_baud

    def waits(port: Port) -> int | None:
        with patient_line():
            return looks(port)

    waiting = ExitStack()
    waiting.enter_context(patch.object(fingerprint_sensor, "_other_baud", waits))
    return waiting
