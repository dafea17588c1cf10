"""What each outcome looks and sounds like, as one small table.

A worker does not read a manual: green is recorded, red is not, amber is wait or do something.
Nothing lit means nothing recorded.
"""

from msgspec import Struct

from ..events import Outcome
from ..rules import Hint


class Blink(Struct, frozen=True):
    """``count`` pulses of ``on_s`` seconds with ``off_s`` between; ``count`` None: without end."""

    on_s: float
    off_s: float = 0.0
    count: int | None = 1


Pattern = dict[str, Blink]
"""Lamp or buzzer name → what it does. All begin together."""

_TONE = Blink(0.08)
_TWO_TONES = Blink(0.08, 0.12, 2)
_LOW_TONES = Blink(0.3, 0.15, 2)
_LONG_TONE = Blink(0.9)

RECORDED: Pattern = {"green": Blink(1.2), "buzzer": _TONE}
RECORDED_OFFLINE: Pattern = {"green": Blink(1.2), "amber": Blink(0.15, 0.15, 4), "buzzer": _TONE}
"""Recorded as safely as ever; the amber flicker tells that payroll will have it later."""

_SHOWN: dict[Outcome, Pattern] = {
    Outcome.RECORDED: RECORDED,
    Outcome.REPEATED: {"green": Blink(0.25, 0.2, 2), "buzzer": _TWO_TONES},
    Outcome.UNKNOWN: {"red": Blink(1.2), "buzzer": _LOW_TONES},
    Outcome.TRY_AGAIN: {"amber": Blink(0.3, 0.2, 3), "buzzer": _TWO_TONES},
    Outcome.REFUSED: {"red": Blink(1.2), "buzzer": _LONG_TONE},
    Outcome.NOT_RECORDED: {"red": Blink(0.12, 0.12, 10), "buzzer": _LONG_TONE},
    Outcome.SENSOR_FAULT: {"red": Blink(0.12, 0.12, 10), "buzzer": _LONG_TONE},
}

_TRY_AGAIN: dict[Hint, Pattern] = {
    # Something about the finger itself: wipe or moisten it.
    Hint.WIPE: {"amber": Blink(0.3, 0.2, 3), "red": Blink(0.3, 0.2, 3), "buzzer": _TWO_TONES},
    Hint.MOISTEN: {"amber": Blink(0.3, 0.2, 3), "red": Blink(0.3, 0.2, 3), "buzzer": _TWO_TONES},
}
"""Hint classes that look different from "press again, flat and still"."""

TOUCHED: Pattern = {"amber": Blink(10.0)}
"""Amber until the answer; it goes out by itself should the answer never come."""

STANDING_FAULT: Pattern = {"red": Blink(0.2, 1.8, None)}

CALL_TECHNICIAN: Pattern = {"amber": Blink(0.1, 4.9, None)}
"""The gate records as ever, and yet somebody should look at it: too short to be waited for."""


def pattern(outcome: Outcome, hint: Hint | None, *, offline: bool) -> Pattern:
    """The pattern of an outcome."""
    if outcome is Outcome.RECORDED and offline:
        return RECORDED_OFFLINE
    if outcome is Outcome.TRY_AGAIN and hint in _TRY_AGAIN:
        return _TRY_AGAIN[hint]
    return _SHOWN[outcome]


def duration(shown: Pattern) -> float:
    """Seconds until the last lamp of a pattern is dark; 0 for one without end."""
    return max(
        (blink.count * (blink.on_s + blink.off_s) for blink in shown.values() if blink.count),
        default=0.0,
    )
