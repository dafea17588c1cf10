"""What presses come to, as rows of the tables in which it is kept. Pure."""

from typing import Any

import msgspec
from msgspec import Struct

from ...contract.stamps import local_time
from .presses import Press
from .sessions import Doubt, Reading, Session
from .shifts import ZONE

Row = tuple[Any, ...]

DOUBT_COLUMNS = (
    *("run_ledger", "run_seq", "code", "place_ms", "date", "shift", "why", "status", "gate"),
    *("begin_at", "end_at", "since_ms", "until_ms", "going_on", "presses", "readings"),
)
"""Of ``kept_doubts``; those of presses and sessions are told of as changes, too."""


def press_row(code: str, press: Press) -> Row:
    """Of ``kept_presses``."""
    state = "valid" if press.at_ms is not None else "pending-time" if press.pending else "no-time"
    return (
        *(press.ledger, press.seq, code, press.place_ms, press.day, press.at, press.gate),
        *(press.way or press.guess, state),
    )


def session_row(code: str, session: Session) -> Row:
    """Of ``kept_sessions``."""
    came, left, shift, lead, run = (
        *(session.came, session.left, session.shift, session.lead, session.run),
    )
    untimed = next((one for one in (came, left) if one is not None and one.at_ms is None), None)
    return (
        *(lead.ledger, lead.seq, code, lead.place_ms, session.date),
        *_end(came),
        *_end(left),
        *(session.status, session.seconds, session.break_seconds),
        shift and shift.shift,
        None if shift is None else int(shift.rest_day),
        *(session.late_seconds, session.early_seconds),
        shift and local_time(shift.begin_ms, ZONE),
        shift and local_time(shift.end_ms, ZONE),
        session.why and session.why.value,
        *((run.ledger, run.seq) if run else (None, None)),
        untimed and untimed.not_before,
        untimed and untimed.not_after,
        *(session.since_ms, session.until_ms, int(session.going_on)),
    )


def _end(press: Press | None) -> Row:
    if press is None:
        return (None, None, None, None)
    return (press.at, press.gate, press.ledger, press.seq)


def doubt_row(code: str, doubt: Doubt) -> Row:
    """Of ``kept_doubts``."""
    first = doubt.presses[0]
    times = [press.at for press in doubt.presses if press.at is not None]
    return (
        *(first.ledger, first.seq, code, first.place_ms, doubt.date),
        doubt.shift and doubt.shift.shift,
        *(doubt.why.value, doubt.status, first.gate),
        *((times[0], times[-1]) if times else (None, None)),
        *(doubt.since_ms, doubt.until_ms, int(doubt.status == "open")),
        msgspec.json.encode([_told_press(press) for press in doubt.presses]).decode(),
        msgspec.json.encode([_told_reading(reading) for reading in doubt.readings]).decode(),
    )


class _ToldPress(Struct):
    ledger: str
    seq: int
    at: str | None
    gate: str | None
    way: str | None
    guess: str | None
    source: str
    not_before: str | None
    not_after: str | None


def _told_press(press: Press) -> _ToldPress:
    return _ToldPress(
        press.ledger,
        press.seq,
        press.at,
        press.gate,
        press.way,
        press.guess,
        press.source,
        press.not_before,
        press.not_after,
    )


def _told_reading(reading: Reading) -> dict[str, Any]:
    return {
        "sessions": [{"in": _time(came), "out": _time(left)} for came, left in reading.pairs],
        "missing": [
            {
                "way": one.way,
                "about": _time(one.about_ms),
                "not_before": _time(one.after_ms),
                "not_after": _time(one.before_ms),
            }
            for one in reading.missing
        ],
        "extra": [{"ledger": one.ledger, "seq": one.seq} for one in reading.extra],
        "seconds": reading.seconds,
        "shift": reading.shift,
    }


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else local_time(at_ms, ZONE)
