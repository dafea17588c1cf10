"""What the gate answers to a request (requests.py), over the control socket.

Any number of ``step`` lines and then one ``done`` or ``failed``; ``watch`` is answered by the event
stream instead (events.py).
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from ...contract.errors import EdgeAgentError
from ...contract.language import is_name


class StepKind(StrEnum):
    """What the person at the sensor is to do, or what has just happened."""

    PRESS = "press"
    LIFT = "lift"
    PRESS_AGAIN = "press-again"
    PROVE = "prove"
    TRY_AGAIN = "try-again"
    DIFFERENT = "different"
    PASSED = "passed"
    """Somebody who is known pressed instead: answered as a touch, and no part of this."""
    WAITS = "waits"
    """Another request waits for a finger; ``hint`` is which. This one begins after it."""


class Response(Struct, frozen=True, kw_only=True, tag_field="answer"):
    """Base of all responses."""


class Step(Response, tag="step", frozen=True, kw_only=True):
    """Progress of a request that a person takes part in.

    ``hint`` goes with ``try-again`` and ``waits``, and with ``passed`` where that was no punch: why
    it was refused, or the outcome. ``score`` goes with ``prove``: how like each
    other the two presses before were, where the sensor tells. ``worker`` goes with ``passed``: who
    pressed, as of this version.
    """

    what: StepKind
    hint: str | None = None
    score: int | None = None
    worker: str | None = None


class Done(Response, tag="done", frozen=True, kw_only=True):
    """The request was carried out; ``result`` is what ``--json`` prints."""

    result: dict[str, Any]


class Failed(Response, tag="failed", frozen=True, kw_only=True, omit_defaults=True):
    """The request was not carried out; the command ends with ``exit_code``.

    ``error`` is English; its ``name`` and ``fields`` let the command say it in any language.
    """

    error: str
    exit_code: int
    name: str = ""
    fields: dict[str, Any] = {}

    @classmethod
    def of(cls, error: EdgeAgentError) -> "Failed":
        """What is answered where this was raised."""
        named = error.message.plain() if is_name(error.message.name) else {}
        return cls(error=str(error), exit_code=error.exit_code, **named)


AnyResponse = Step | Done | Failed
