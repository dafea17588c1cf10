"""What an entry means for pay: a worker's mark, a ruling on one, or nothing. Pure.

What is derived here depends on the one entry alone, so it is the same in whatever order entries
come; marks and rulings meet in the views (``databases/views.py``).
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from ..contract.facts import Method
from ..contract.kinds import AMENDMENTS, MARKS, RECORDING, RECOVERED
from .accept import OPENED, Arrival
from .moments import Moment, moment_of
from .signs_of_life import sign_of

EFFECTS_VERSION = "6"
"""Raised whenever this module comes to another result: all stored entries are then read anew."""

UNREADABLE = "unreadable"

Code = Annotated[str, Meta(pattern=r"\A[^\0]{1,200}\Z")]
Seq = Annotated[int, Meta(ge=1, le=2**53 - 1)]

_MOST_NESTED = 20
"""A punch recovered from a recovered one, and so on: more than this is no gate's history."""


class Root(Struct, frozen=True):
    """The entry in which a punch was first written down; ``hash`` is 64 hex digits.

    Two marks with one root are one punch. ``depth`` tells how often it was recovered since.
    """

    ledger: str
    seq: int
    hash: str
    depth: int = 0


class PunchMark(Struct, frozen=True, kw_only=True):
    """A worker's punch: recorded, repeated, added or recovered."""

    code: str
    moment: Moment
    not_before: str | None
    not_after: str | None
    uncertainty_ms: int | None
    direction: str | None
    direction_source: str | None
    source: str
    repeated: bool
    root: Root


class Ruling(Struct, frozen=True, kw_only=True):
    """What a later entry of the same ledger says of its entry ``punch``."""

    punch: int
    what: Literal["time", "void", "direction"]
    moment: Moment = Moment()
    not_before: str | None = None
    not_after: str | None = None
    uncertainty_ms: int | None = None
    final: bool = False
    direction: str | None = None
    direction_source: str | None = None


class Succession(Struct, frozen=True):
    """A gate has left the ledger ``previous`` for the one that it opens."""

    previous: str


class Unusable(Struct, frozen=True):
    """An entry of no kind, or of one we know, that cannot be understood: for a person."""

    reason: str


Effect = PunchMark | Ruling | Succession | Unusable


class _Clock(Struct, frozen=True):
    uncertainty_ms: int | None = None


class _Punch(Struct):
    worker: Code
    at: str | None
    kind: str
    method: Any = Method.FINGER
    direction: Literal["in", "out"] | None = None
    direction_source: Any = None
    not_before: str | None = None
    not_after: str | None = None
    clock: _Clock = _Clock()


class _Origin(Struct):
    ledger: Code
    seq: Seq
    hash: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class _Recovered(Struct):
    worker: Code
    of: _Origin
    data: dict[str, Any]


class _Previous(Struct):
    ledger: Code


class _Opened(Struct):
    previous: _Previous | None = None


class _Directed(Struct):
    of: Seq
    direction: Literal["in", "out"]
    direction_source: Any = None


class _Time(Struct):
    of: Seq
    at: str | None
    not_before: str | None = None
    not_after: str | None = None
    uncertainty_ms: int | None = None
    final: bool = False


class _Void(Struct):
    of: Seq


def effect_of(arrival: Arrival) -> Effect | None:
    """What the entry means; None for kinds that mean nothing for pay, or that we don't know."""
    if not arrival.kind:
        return Unusable(UNREADABLE)
    understand = _MEANING.get(arrival.kind)
    if understand is None:
        return None
    try:
        return understand(arrival.data, Root(arrival.ledger, arrival.seq, arrival.hash))
    except (ValueError, OverflowError):
        return Unusable(UNREADABLE)


def _mark(data: dict[str, Any], root: Root) -> PunchMark:
    punch = msgspec.convert(data, _Punch)
    return PunchMark(
        code=punch.worker,
        moment=moment_of(punch.at),
        not_before=moment_of(punch.not_before).at,
        not_after=moment_of(punch.not_after).at,
        uncertainty_ms=punch.clock.uncertainty_ms,
        direction=punch.direction,
        direction_source=_word(punch.direction_source),
        source=("supervisor" if punch.kind == "punch.added" else _word(punch.method)) or "other",
        repeated=punch.kind == "punch.repeated",
        root=root,
    )


def _word(said: Any) -> str | None:
    """A word that is not known here is kept as it is: it is no evidence, and no reason to reject a
    punch."""
    return said if isinstance(said, str) and len(said) <= 40 and "\0" not in said else None


def _recovered(data: dict[str, Any], root: Root) -> PunchMark:
    worker = data.get("worker")
    depth = 0
    while data.get("kind") == RECOVERED:
        found = msgspec.convert(data, _Recovered)
        depth += 1
        root = Root(found.of.ledger, found.of.seq, found.of.hash, depth)
        data = found.data
        if depth > _MOST_NESTED or data.get("worker") != worker:
            raise ValueError("its parts contradict each other")
    if msgspec.convert(data, _Punch).kind not in MARKS:
        raise ValueError("what it recovers is no punch")
    return _mark(data, root)


def _time(data: dict[str, Any], _: Root) -> Ruling:
    time = msgspec.convert(data, _Time)
    return Ruling(
        punch=time.of,
        what="time",
        moment=moment_of(time.at),
        not_before=moment_of(time.not_before).at,
        not_after=moment_of(time.not_after).at,
        uncertainty_ms=time.uncertainty_ms,
        final=time.final,
    )


def _void(data: dict[str, Any], _: Root) -> Ruling:
    return Ruling(punch=msgspec.convert(data, _Void).of, what="void")


def _opened(data: dict[str, Any], root: Root) -> Succession | None:
    """Only at the beginning of a ledger: its gate could name any other at any time."""
    previous = msgspec.convert(data, _Opened).previous
    return Succession(previous.ledger) if previous and root.seq == 1 else None


def _sign(data: dict[str, Any], _: Root) -> None:
    """Whether the gate could record: it is drawn from many entries at a time (``coverage.py``)."""
    if sign_of(data) is None:
        raise ValueError("it does not say when, or whether, the gate could record")


def _directed(data: dict[str, Any], _: Root) -> Ruling:
    told = msgspec.convert(data, _Directed)
    return Ruling(
        punch=told.of,
        what="direction",
        direction=told.direction,
        direction_source=_word(told.direction_source),
    )


_RULINGS = {"time": _time, "void": _void, "direction": _directed}

_MEANING: dict[str, Callable[[dict[str, Any], Root], Effect | None]] = {
    **dict.fromkeys(RECORDING, _sign),
    **dict.fromkeys(MARKS, _mark),
    OPENED: _opened,
    RECOVERED: _recovered,
    **{kind: _RULINGS[what] for kind, what in AMENDMENTS.items()},
}
