"""What each outcome looks and sounds like: one table.

A worker does not read a manual: green is recorded, red is not, amber is wait or do something, and
nothing lit means nothing recorded. Each sign has a rhythm of its own, by which it is known with
eyes closed or without telling colours apart; a passive buzzer adds the pitch. The words are the
messages ``sign.…``; docs/worker.md and docs/vi/worker.md show the same table, and a test holds
them together.
"""

from msgspec import Struct

from ...contract.facts import Direction
from ..events import Outcome
from ..rules import Hint


class Pulse(Struct, frozen=True):
    """On for ``on_s`` seconds, then off for ``off_s``; ``pitch`` is a note of a passive buzzer."""

    on_s: float
    off_s: float
    pitch: str = ""


Rhythm = tuple[Pulse, ...]

LAMPS = ("green", "amber", "red")
"""What shines for everybody; ``in`` and ``out`` are those of the keys."""


class Sign(Struct, frozen=True):
    """``rhythms`` are those of lamps and buzzer, by name; all begin together.

    ``standing``: over and over while nobody touches, until it is taken away.
    """

    rhythms: dict[str, Rhythm]
    standing: bool = False

    @property
    def lasts_s(self) -> float:
        """Seconds until its last lamp is dark; of a standing one, those of one round."""
        return max(sum(p.on_s + p.off_s for p in rhythm) for rhythm in self.rhythms.values())


def _times(count: int, on_s: float, off_s: float, pitch: str = "") -> Rhythm:
    return (Pulse(on_s, off_s, pitch),) * count


def _sound(morse: str, *pitches: str) -> Rhythm:
    """A short tone for each ``.``, a longer one for each ``-``; the last pitch goes on."""
    notes = [*pitches, *pitches[-1:] * len(morse)]
    return tuple(
        Pulse(0.08 if sign == "." else 0.35, 0.12, note)
        for sign, note in zip(morse, notes, strict=False)
    )


_HIGH, _MIDDLE, _LOW = "A5", "E5", "A4"

TOUCHED = Sign(
    {"amber": _times(1, 10.0, 0.0)},  # It goes out by itself should the answer never come.
)
RECORDED = Sign({"green": _times(1, 1.2, 0.0), "buzzer": _sound(".", _HIGH)})
RECORDED_IN = Sign(
    {
        "green": (Pulse(0.25, 0.15), Pulse(0.8, 0.0)),
        "in": _times(1, 1.2, 0.0),
        "buzzer": _sound(".-", _MIDDLE, _HIGH),
    },
)
RECORDED_OUT = Sign(
    {
        "green": (Pulse(0.8, 0.15), Pulse(0.25, 0.0)),
        "out": _times(1, 1.2, 0.0),
        "buzzer": _sound("-.", _HIGH, _MIDDLE),
    },
)
RECORDED_ASKING = Sign(
    {
        "green": _times(1, 1.2, 0.0),
        "in": _times(10, 0.25, 0.25),
        "out": _times(10, 0.25, 0.25),
        "buzzer": _sound(".--", _HIGH, _MIDDLE),
    }
)
OFFLINE = Sign(
    {"green": _times(1, 1.2, 0.0), "amber": _times(4, 0.15, 0.15), "buzzer": _sound(".", _HIGH)},
)
"""Any of the three above, as safely recorded as ever."""

REPEATED = Sign({"green": _times(2, 0.25, 0.2), "buzzer": _sound("..", _HIGH)})
TRY_AGAIN = Sign({"amber": _times(3, 0.3, 0.2), "buzzer": _sound("...", _MIDDLE)})
WIPE = Sign(
    {
        "amber": _times(3, 0.3, 0.2),
        "red": _times(3, 0.3, 0.2),
        "buzzer": _sound("...-", _MIDDLE, _MIDDLE, _MIDDLE, _LOW),
    },
)
UNKNOWN = Sign({"red": _times(1, 1.2, 0.0), "buzzer": _sound("--", _LOW)})
REFUSED = Sign({"red": _times(2, 0.5, 0.25), "buzzer": (Pulse(0.9, 0.0, _LOW),)})
NOT_RECORDED = Sign(
    {
        "red": _times(10, 0.12, 0.12),
        "buzzer": (Pulse(0.12, 0.12, _HIGH), Pulse(0.12, 0.12, _LOW)) * 5,
    },
)
BUSY = Sign(
    {"amber": _times(1, 0.6, 0.6)},
    standing=True,
)
BUSY_BEGINS = _sound(".-.", _MIDDLE)
"""Once, when somebody's enrolment begins."""

CALL_TECHNICIAN = Sign(
    {"amber": _times(1, 0.1, 4.9)},  # Too short to be waited for.
    standing=True,
)
SENSOR_FAULT = Sign(
    {"red": _times(1, 0.2, 1.8)},
    standing=True,
)

SIGNS: dict[str, Sign] = {
    "touched": TOUCHED,
    "recorded": RECORDED,
    "recorded-asking": RECORDED_ASKING,
    "recorded-in": RECORDED_IN,
    "recorded-out": RECORDED_OUT,
    "recorded-offline": OFFLINE,
    "repeated": REPEATED,
    "try-again": TRY_AGAIN,
    "wipe": WIPE,
    "unknown": UNKNOWN,
    "refused": REFUSED,
    "not-recorded": NOT_RECORDED,
    "busy": BUSY,
    "call-technician": CALL_TECHNICIAN,
    "sensor-fault": SENSOR_FAULT,
}
"""All that a worker can be shown, in the order of the workers' page. By these names the messages
``sign.NAME-seen``, ``-heard``, ``-meaning`` and ``-advice`` tell of them."""

_RECORDED = {None: RECORDED, Direction.IN: RECORDED_IN, Direction.OUT: RECORDED_OUT}

_SHOWN = {
    Outcome.REPEATED: REPEATED,
    Outcome.UNKNOWN: UNKNOWN,
    Outcome.TRY_AGAIN: TRY_AGAIN,
    Outcome.REFUSED: REFUSED,
    Outcome.NOT_RECORDED: NOT_RECORDED,
    Outcome.SENSOR_FAULT: NOT_RECORDED,
}


def sign_of(
    outcome: Outcome,
    hint: Hint | None = None,
    *,
    direction: Direction | None = None,
    offline: bool = False,
    asks: bool = False,
) -> dict[str, Rhythm]:
    """How an outcome is shown: the rhythms of lamps and buzzer.

    ``asks``: there are keys for in and out, so a punch without a direction asks for one.
    """
    if outcome is Outcome.RECORDED or (outcome is Outcome.REPEATED and direction):
        shown = (RECORDED_ASKING if asks and not direction else _RECORDED[direction]).rhythms
        return {**shown, "amber": OFFLINE.rhythms["amber"]} if offline else shown
    if outcome is Outcome.TRY_AGAIN and hint in (Hint.WIPE, Hint.MOISTEN):
        return WIPE.rhythms  # Something about the finger itself.
    return _SHOWN[outcome].rhythms
