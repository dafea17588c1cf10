"""The events: what happens at the gate, and the bus on which those who want them hear of it.

``edge-agent watch --json`` prints them as they stand on the control socket, a JSON object a line.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from ..contract.facts import Direction, Method
from ..contract.language import Message, is_name, told_problem


class Outcome(StrEnum):
    """What the panel showed for a touch."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    TRY_AGAIN = "try-again"
    REFUSED = "refused"
    NOT_RECORDED = "not-recorded"
    SENSOR_FAULT = "sensor-fault"


class Event(Struct, frozen=True, kw_only=True, tag_field="event"):
    """Base of all events."""


class Watching(Event, tag="watching", frozen=True, kw_only=True):
    """The stream has begun: everything after this line is told."""


class PanelShown(Event, tag="panel", frozen=True, kw_only=True):
    """The panel has shown a touch its outcome: exactly one for each touch.

    ``hint`` is what to do after ``try-again``, why after ``refused``, and ``unproven`` after
    ``unknown`` where the finger's print is held. ``method`` is by what, null for a finger. ``at``
    is when it was touched, and ``first_at`` when the punch was that is repeated; local times, null
    where the time is not known. ``direction`` is that of the punch, on a repeat what a key has made
    of it; ``first_direction`` what it was before. ``offline``: payroll was out of reach, which
    yellow beside the green tells. ``boottime_ms`` is CLOCK_BOOTTIME once it was shown: by it a
    reader that was held up knows what is not new any more.
    """

    outcome: Outcome
    worker: str | None = None
    seq: int | None = None
    hint: str | None = None
    method: Method | None = None
    at: str | None = None
    direction: Direction | None = None
    first_at: str | None = None
    first_direction: Direction | None = None
    offline: bool = False
    boottime_ms: int = 0


class PunchLed(Event, tag="directed", frozen=True, kw_only=True):
    """A key has said, after punch ``of``, which way it led; ``seq`` is the entry that says so."""

    worker: str
    seq: int
    of: int
    direction: Direction


class LedgerGrew(Event, tag="ledger", frozen=True, kw_only=True, omit_defaults=True):
    """An entry is durably in the ledger; of what somebody did, with whose it is.

    ``reason`` is why presses are recorded no longer, or again; of a worker who was changed
    ``actor`` is who has, ``active`` whether they may punch by that word, and ``why`` as in the
    entry.
    """

    seq: int
    kind: str
    worker: str | None = None
    finger: str | None = None
    reason: str | None = None
    actor: str | None = None
    active: bool | None = None
    why: str | None = None


class Confirmed(Event, tag="confirmed", frozen=True, kw_only=True):
    """Payroll holds the ledger through this entry."""

    through: int


class SensorChanged(Event, tag="sensor", frozen=True, kw_only=True):
    """The sensor's state: ``ready`` or what is wrong, and the sentence a technician needs."""

    state: str
    detail: str | None = None
    message: dict[str, Any] | None = None


class FingerAwaited(Event, tag="awaiting", frozen=True, kw_only=True):
    """The gate waits for a finger that is no punch, from before the first step on.

    ``request`` is what for, in the control socket's words: ``enroll``, ``identify``,
    ``take-image``; null: no longer. ``worker`` is whose it has to be, where that matters.
    """

    request: str | None
    worker: str | None = None


class PrintWorn(Event, tag="print-worn", frozen=True, kw_only=True):
    """By the press of entry ``seq`` a finger's print is on the way to being refused: told once."""

    worker: str
    finger: str
    seq: int


class GlassChanged(Event, tag="glass", frozen=True, kw_only=True):
    """Whether everybody's fingers are read so much worse that the glass must be dirty."""

    dirty: bool


class StoreChanged(Event, tag="store", frozen=True, kw_only=True):
    """Whether the database takes entries; where it does not, every press is not recorded."""

    state: Literal["ready", "reserve", "failing"]
    detail: str | None = None
    message: dict[str, Any] | None = None


class RosterChanged(Event, tag="roster", frozen=True, kw_only=True):
    """The roster in force (null: none), and why the last one that arrived is not."""

    version: int | None
    refused: str | None = None


class ClockChanged(Event, tag="clock", frozen=True, kw_only=True):
    """Whether the time is known from now on; as long as it is not, presses get theirs later."""

    trusted: bool


class UplinkChanged(Event, tag="uplink", frozen=True, kw_only=True):
    """The broker connection's state and, where it is down, why."""

    state: Literal["connected", "disconnected"]
    detail: str | None = None
    message: dict[str, Any] | None = None


def as_detail(problem: Message | str | None) -> dict[str, Any]:
    """``detail``, in English, and the name and fields of its ``message`` where it has any."""
    named = isinstance(problem, Message) and is_name(problem.name)
    return {
        "detail": None if problem is None else str(problem),
        "message": problem.plain() if named and isinstance(problem, Message) else None,
    }


def detail_of(event: "SensorChanged | StoreChanged | UplinkChanged") -> Message | None:
    """What an event tells in detail, as a message."""
    return told_problem({"problem": event.detail, "message": event.message})


AnyEvent = (
    Watching
    | PanelShown
    | LedgerGrew
    | Confirmed
    | SensorChanged
    | FingerAwaited
    | PunchLed
    | PrintWorn
    | GlassChanged
    | StoreChanged
    | RosterChanged
    | ClockChanged
    | UplinkChanged
)
"""What a reader of the stream may meet."""


class EventBus:
    """Tells events on, and remembers the latest states for the status and the panel.

    Called from every thread: a listener may only append to a queue or wake somebody.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []
        self.sensor = SensorChanged(state="starting")
        self.uplink = UplinkChanged(state="disconnected")
        self.store = StoreChanged(state="ready")
        self.awaited = FingerAwaited(request=None)
        self.confirmed = 0

    @property
    def offline(self) -> bool:
        """Whether the broker is out of reach, and payroll with it."""
        return self.uplink.state != "connected"

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have every event from now on told to ``listener``."""
        self._listeners.append(listener)

    def emit(self, event: Event) -> None:
        """Tell everybody. Never blocks, never raises."""
        if isinstance(event, SensorChanged):
            self.sensor = event
        elif isinstance(event, UplinkChanged):
            self.uplink = event
        elif isinstance(event, StoreChanged):
            self.store = event
        elif isinstance(event, FingerAwaited):
            self.awaited = event
        elif isinstance(event, Confirmed):
            self.confirmed = event.through
        for listener in self._listeners:
            listener(event)
