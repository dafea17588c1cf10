"""What pairing makes of a worker's presses. Pure; docs/payroll.md#sessions has the rule."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from .presses import Press, Way
from .shifts import Instance

Status = Literal["complete", "open", "pending-time", "manual"]
"""Of a session as it is kept. Whether a missing press could have been recorded is asked when it is
read (``not-covered``): gates may tell later."""


class Why(StrEnum):
    """Why a session is no complete one, or what is to be told of one that is."""

    MISSING = "missing"
    """A press is missing: an odd number, or a break that is to be pressed was not."""
    TWO_READINGS = "two-readings"
    """Day and night, say, fit equally well."""
    TWO_SHIFTS = "two-shifts"
    """The same presses fit two shifts."""
    NO_SHIFT = "no-shift"
    """The worker has shifts, and it was at the time of none."""
    TOO_LONG = "too-long"
    TOO_SHORT = "too-short"
    EXTRA = "extra"
    """More presses than the shift asks for, away from its breaks."""
    NO_TIME = "no-time"
    PENDING_TIME = "pending-time"
    GOING_ON = "going-on"
    """The last presses of this worker: the next one may tell."""


class Session(Struct, frozen=True, kw_only=True):
    """From an in to its out, or a press without its other end.

    ``date`` is the working day. ``seconds`` are whole ones between the two as they are shown, and
    there only where it is complete; ``break_seconds`` of them lie in unpaid breaks of the shift at
    which nobody presses.
    ``late_seconds`` and ``early_seconds`` (in after the shift's begin, out before its end) are for
    the eye and never deducted. ``run`` is the first press of the doubt that it belongs to.

    Where it is not complete, a press may be missing between ``since_ms`` and ``until_ms``;
    ``going_on``: nothing of this worker has come after it.
    """

    came: Press | None
    left: Press | None
    date: str | None
    status: Status
    shift: Instance | None = None
    seconds: int | None = None
    break_seconds: int | None = None
    late_seconds: int = 0
    early_seconds: int = 0
    why: Why | None = None
    run: Press | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    going_on: bool = False

    @property
    def lead(self) -> Press:
        """The press by which it is known."""
        found = self.came or self.left
        assert found is not None
        return found


class Missing(Struct, frozen=True, kw_only=True):
    """A press that a reading supposes: which way, about when by the shift, and between which."""

    way: Way
    about_ms: int | None = None
    after_ms: int | None = None
    before_ms: int | None = None


class Reading(Struct, frozen=True, kw_only=True):
    """One way to read doubtful presses: pairs of ms (None: the missing end), and what it takes.

    ``seconds`` is the sum of the pairs that have both ends, supposed ones at the shift's own time.
    """

    pairs: list[tuple[int | None, int | None]]
    missing: list[Missing] = []
    extra: list[Press] = []
    seconds: int | None = None
    shift: str | None = None


class Doubt(Struct, frozen=True, kw_only=True):
    """Presses of which a person decides what they mean; the likeliest reading stands first."""

    date: str | None
    why: Why
    status: Status
    presses: list[Press]
    readings: list[Reading]
    shift: Instance | None = None
    since_ms: int | None = None
    until_ms: int | None = None


class Paired(Struct, frozen=True):
    """All that a worker's presses come to, in order of time."""

    sessions: list[Session]
    doubts: list[Doubt]


def seconds_between(begin_ms: int, end_ms: int) -> int:
    """Whole seconds, as the two times of day show them."""
    return end_ms // 1000 - begin_ms // 1000
