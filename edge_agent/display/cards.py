"""What the screen shows after a touch: an event of the stream → a card. No I/O, no clock."""

from datetime import date, timedelta
from typing import Any, Literal
from unicodedata import category, combining, normalize

from msgspec import Struct, structs

from ..gate.settings.schema import DisplaySettings
from .words import Language, words

Tone = Literal["good", "again", "retry", "no", "stop"]
"""Its colour: recorded, recorded before, press again, not you or not here, the gate's fault."""

_SHORT_MS, _LONG_MS = 4000, 7000
"""How long a card stays: who is recorded goes on, who is not has to read what to do."""

DAY_MS = 3000
"""How long a worker's own day is to be seen: long enough to read, too short for the queue."""

_MOST_PRESSES = 6
"""The last ones; more have no room, and nobody has more on a usual day."""

LATE_MS = 3000
"""What was shown at the panel longer ago than this is no news to whoever stands there now."""

_TONES: dict[str, Tone] = {
    "recorded": "good",
    "repeated": "again",
    "try-again": "retry",
    "unknown": "no",
    "refused": "no",
    "not-recorded": "stop",
    "sensor-fault": "stop",
}

_LONGEST = 80
"""Letters. Names of 40 and more are shown whole."""

_MARKS_A_LETTER = 2
"""Vietnamese needs two where they do not melt into one letter; more than that only hide others."""

_HINTS = ("wipe", "moisten", "press-flat", "hold-still", "hold-longer")
_REASONS = ("deactivated", "not-valid", "not-named", "no-consent", "wrong-pin", "locked")
_UNPROVEN = "unproven"

_NOT_THEIRS = ("wrong-pin", "locked")
"""A number that anybody can type is no reason to tell whose it is."""


class Card(Struct, tag="card", tag_field="kind", frozen=True, kw_only=True, omit_defaults=True):
    """One touch, in the words that are shown. ``t`` is its CLOCK_BOOTTIME, ``id`` its number.

    ``picture`` is what to do, one of the page's drawings; ``word`` is which way it led.
    """

    id: int
    t: int
    stays_ms: int
    tone: Tone
    title: str
    name: str = ""
    word: str = ""
    time: str = ""
    lines: list[str] = []
    picture: str = ""


class Day(Struct, tag="day", tag_field="kind", frozen=True, kw_only=True, omit_defaults=True):
    """A worker's own day, put on the card ``id``. It is gone with the card."""

    id: int
    t: int
    stays_ms: int
    title: str = ""
    presses: list[str] = []
    lines: list[str] = []


def card(
    event: dict[str, Any],
    number: int,
    name: str | None,
    settings: DisplaySettings,
    *,
    keys: bool = False,
) -> Card:
    """The card of a ``panel`` event; ``name`` is the worker's, where it is known.

    ``keys``: which way it led may still be said by a key. An outcome that only a newer daemon
    knows sends the worker to the lamps.
    """
    say = settings.language
    outcome, hint, at = event["outcome"], event.get("hint"), event.get("at")
    code = event.get("worker")
    title, lines, picture, stays = words("see-lamps", say), [], "", _LONG_MS
    match outcome:
        case "recorded":
            title, stays = words("recorded", say), _SHORT_MS
            if keys and event.get("direction") is None:
                lines, stays = [words("asks-direction", say)], _LONG_MS
            if at is None:
                lines = [*lines, words("time-later", say)]
        case "repeated":
            first = event.get("first_at")
            title = words("repeated", say, time=hours(first)) if first else ""
            title = title or words("repeated-untimed", say)
            lines, stays = [words("counts-once", say)], _SHORT_MS
            if (way := event.get("direction")) is not None:
                lines = [words("corrected", say, way=words(way, say))]
        case "try-again":
            title = words("try-again", say)
            picture = hint if hint in _HINTS else "press-flat"
            lines = [words(picture, say)]
        case "unknown":
            title, lines, picture = _unknown(hint, event.get("method"), say)
        case "refused":
            why = hint if hint in _REASONS else "ask-supervisor"
            code = None if hint in _NOT_THEIRS else code
            title, lines = words("refused", say), [words(why, say)]
        case "not-recorded" | "sensor-fault":
            title = words("not-recorded", say)
            lines = [words("once-more", say, call=whom_to_call(settings))]
    method = event.get("method")
    if method in ("card", "qr", "pin") and outcome in ("recorded", "repeated"):
        title = f"{title} {words(f'by-{method}', say)}"
    direction = event.get("direction") or event.get("first_direction")
    return Card(
        id=number,
        t=event["boottime_ms"],
        stays_ms=stays,
        tone=_TONES.get(outcome, "retry"),
        title=title,
        name=whose(code, name, settings.show) if code else "",
        word=words(direction, say) if direction in ("in", "out") else "",
        time=hours(at) if at and outcome == "recorded" else "",
        lines=lines,
        picture=picture,
    )


def _unknown(hint: str | None, method: str | None, say: Language) -> tuple[str, list[str], str]:
    """Title, lines and picture of whoever is not recognised."""
    if hint == _UNPROVEN:
        return words("not-sure-whose", say), [words("unproven", say)], ""
    if method is not None:
        return words("unknown-read", say), [words("other-card", say)], ""
    return words("unknown", say), [words("other-finger", say)], "other-finger"


def directed(shown: Card, way: str, t: int, number: int, settings: DisplaySettings) -> Card:
    """The card of a punch once a key has said which way it led, at ``t``."""
    word = words(way, settings.language)
    return structs.replace(shown, id=number, t=t, word=word, lines=[], stays_ms=_SHORT_MS)


def worn(shown: Card, finger: str, number: int, settings: DisplaySettings) -> Card:
    """The card of a press once it is known that its finger wears: its worker is told this once."""
    line = words("worn", settings.language, finger=finger)
    return structs.replace(shown, id=number, lines=[*shown.lines, line], stays_ms=_LONG_MS)


def wants_day(event: dict[str, Any]) -> bool:
    """Whether a worker is told of their day: who presses again, and who comes in."""
    if event.get("worker") is None:
        return False
    arrives = event["outcome"] == "recorded" and event.get("direction") == "in"
    return arrives or event["outcome"] == "repeated"


def day(shown: Card, event: dict[str, Any], told: dict[str, Any], settings: DisplaySettings) -> Day:
    """What the daemon has ``told`` of the day of the worker of a card; empty where nothing is."""
    say = settings.language
    lines = []
    if told.get("open_day"):
        lines = [_open_day(told["open_day"], event.get("at"), settings)]
    if event["outcome"] != "repeated":
        return Day(id=shown.id, t=shown.t, stays_ms=_LONG_MS, lines=lines)
    if (worked := told.get("worked_min")) is not None and worked > 0:
        lines.append(words("worked", say, hours=worked // 60, minutes=worked % 60))
    presses = [
        f"{hours(press['at'])} {words(press['direction'], say) if press['direction'] else ''}"
        for press in told.get("presses", ())[-_MOST_PRESSES:]
        if press["at"]
    ]
    return Day(
        id=shown.id,
        t=shown.t,
        stays_ms=DAY_MS,
        title=words("today", say),
        presses=[press.strip() for press in presses],
        lines=lines,
    )


def hours(at: str) -> str:
    """``06:58`` of a local time."""
    return at[11:16]


def whom_to_call(settings: DisplaySettings) -> str:
    """A sentence."""
    if settings.call:
        return words("call", settings.language, call=settings.call)
    return words("call-technician", settings.language)


def _open_day(open_day: str, at: str | None, settings: DisplaySettings) -> str:
    then = date.fromisoformat(open_day)
    if at is not None and date.fromisoformat(at[:10]) - then == timedelta(days=1):
        return words("open-yesterday", settings.language)
    return words("open-day", settings.language, day=f"{then.day}/{then.month}")


def whose(code: str, name: str | None, show: Literal["name", "code", "initials", "nothing"]) -> str:
    """What is shown of a worker; the code where a name is not known."""
    if show == "nothing":
        return ""
    if show == "code" or not name:
        return harmless(code)
    plain = harmless(name)
    if show == "name":
        return plain
    return "".join(f"{word[0]}." for word in plain.upper().split())


def harmless(text: str) -> str:
    """One line of letters: without what steers a terminal or turns the direction of writing."""
    kept: list[str] = []
    marks = 0
    for char in normalize("NFC", text):
        marks = marks + 1 if combining(char) else 0
        if char.isspace():
            kept.append(" ")
        elif category(char)[0] != "C" and marks <= _MARKS_A_LETTER:
            kept.append(char)
    line = " ".join("".join(kept).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
