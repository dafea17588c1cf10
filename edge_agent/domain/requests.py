"""What a technician may ask of the gate, over the control socket or in the command's own process.

One JSON object a line each way. A request is answered by any number of ``step`` lines and then one
``done`` or ``failed``; ``watch`` is answered by the event stream instead (events.py).
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct


class Request(Struct, frozen=True, kw_only=True, tag_field="ask"):
    """Base of all requests."""


class Status(Request, tag="status", frozen=True, kw_only=True):
    """How the gate is."""


class Watch(Request, tag="watch", frozen=True, kw_only=True):
    """Follow the event stream."""


class AddWorker(Request, tag="add-worker", frozen=True, kw_only=True):
    """Enter a worker, or bring a deactivated one back."""

    code: str
    name: str


class DeactivateWorker(Request, tag="deactivate-worker", frozen=True, kw_only=True):
    """From now on this worker's fingers are refused."""

    code: str


class Enroll(Request, tag="enroll", frozen=True, kw_only=True):
    """Store a finger of a worker, guided by the sensor."""

    code: str
    finger: str


class RemovePrint(Request, tag="remove-print", frozen=True, kw_only=True):
    """Erase a finger of a worker."""

    code: str
    finger: str


class Identify(Request, tag="identify", frozen=True, kw_only=True):
    """Say whose finger is pressed next, without a punch."""


class AskSensor(Request, tag="ask-sensor", frozen=True, kw_only=True):
    """What the sensor says of itself, and whether it is paired."""


class AdoptSensor(Request, tag="adopt-sensor", frozen=True, kw_only=True):
    """Take the sensor as it is, and forget the prints whose template it does not hold."""


Change = AddWorker | DeactivateWorker
"""Requests that need only the store."""

SensorWork = Enroll | RemovePrint | Identify | AskSensor | AdoptSensor
"""Requests that need the sensor too."""

AnyRequest = Status | Watch | Change | SensorWork


class What(StrEnum):
    """What the person at the sensor is to do, or what has just happened."""

    PRESS = "press"
    LIFT = "lift"
    PRESS_AGAIN = "press-again"
    PROVE = "prove"
    TRY_AGAIN = "try-again"
    DIFFERENT = "different"


class Answer(Struct, frozen=True, kw_only=True, tag_field="answer"):
    """Base of all answers."""


class Step(Answer, tag="step", frozen=True, kw_only=True):
    """Progress of a request that a person takes part in; ``hint`` goes with ``try-again``."""

    what: What
    hint: str | None = None


class Done(Answer, tag="done", frozen=True, kw_only=True):
    """The request was carried out; ``result`` is what ``--json`` prints."""

    result: dict[str, Any]


class Failed(Answer, tag="failed", frozen=True, kw_only=True):
    """The request was not carried out; the command ends with ``exit_code``."""

    error: str
    exit_code: int


AnyAnswer = Step | Done | Failed
