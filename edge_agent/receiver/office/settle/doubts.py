"""What pairing is in doubt about, as items with their readings as proposals."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct, structs

from ....contract.attendance import SHIFT_MS
from ....contract.stamps import parse_time
from ...databases.database import Database
from ..correct import Direction
from ..period import Period
from .items import KEEP, Item, ItemPress, Kind, Proposal, Step, day_of, typed


class _Missing(Struct, frozen=True):
    way: Direction
    about: str | None = None
    not_before: str | None = None
    not_after: str | None = None


class _Between(Struct, frozen=True, rename={"begin": "in", "end": "out"}):
    begin: str | None = None
    end: str | None = None


class _Key(Struct, frozen=True):
    ledger: str
    seq: int


class _Reading(Struct, frozen=True):
    sessions: list[_Between] = []
    missing: list[_Missing] = []
    extra: list[_Key] = []
    seconds: int | None = None
    shift: str | None = None


class _Press(Struct, frozen=True):
    ledger: str
    seq: int
    at: str | None = None
    gate: str | None = None
    way: Direction | None = None
    guess: str | None = None
    not_before: str | None = None
    not_after: str | None = None


def doubts(database: Database, period: Period, now_ms: float) -> Iterator[Item]:
    for code, date, shift, why, status, begin_at, presses, readings in database.query(
        "SELECT code, date, shift, why, status, begin_at, presses, readings FROM doubts"
        " WHERE date BETWEEN ? AND ? ORDER BY code, date, begin_at",
        [period.first.isoformat(), period.last.isoformat()],
    ):
        going_on = status == "open" and begin_at and now_ms - parse_time(begin_at) < SHIFT_MS
        if going_on or why in ("no-time", "pending-time"):  # These are told by punch.
            continue
        pressed = [
            ItemPress(
                ledger=one.ledger, seq=one.seq, at=one.at, gate=one.gate, direction=one.way,
                guess=one.guess, not_before=one.not_before, not_after=one.not_after,
            )
            for one in msgspec.json.decode(presses, type=list[_Press])
        ]  # fmt: skip
        read = msgspec.json.decode(readings or "[]", type=list[_Reading])
        proposals = [
            one for one in (_by_reading(code, pressed, reading) for reading in read) if one.steps
        ]
        yield Item(
            kind=_kind(why, status),
            code=code, date=date, shift=shift, presses=pressed,
            proposals=[
                *(one for one in proposals if one.complete),
                *_different(one for one in proposals if not one.complete),
                KEEP,
            ],
        )  # fmt: skip


def _different(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Of those that leave the same to be filled in, one."""
    found: list[Proposal] = []
    for one in proposals:
        if all(one.steps != other.steps for other in found):
            found.append(structs.replace(one, sessions=[]))
    return found


def _kind(why: Kind, status: str) -> Kind:
    """What is long over is not going on."""
    if status == "not-covered":
        return "not-covered"
    return "missing" if why == "going-on" else why


def _by_reading(code: str, presses: list[ItemPress], reading: _Reading) -> Proposal:
    """What makes a reading the only one: presses that were missed, are one too many, or whose
    direction nobody has known."""
    gates = [one.gate for one in presses if one.gate]
    steps = [
        Step(
            what="add",
            code=code,
            at=typed(one.about),
            day=day_of(one.about or one.not_before or one.not_after),
            direction=one.way,
            gate=gates[-1] if gates else None,
        )
        for one in reading.missing
    ]
    steps += [Step(what="void", ledger=one.ledger, seq=one.seq) for one in reading.extra]
    if not steps:
        steps = list(_directions(presses, reading))
    name = {"add": "add", "void": "void-extra", "move": "directions"}
    kinds = {step.what for step in steps}
    return Proposal(
        name=name[kinds.pop()] if len(kinds) == 1 else "reading",
        steps=steps,
        sessions=_with_added(reading),
        seconds=None if any(one.about is None for one in reading.missing) else reading.seconds,
        shift=reading.shift,
    )


def _with_added(reading: _Reading) -> list[tuple[str | None, str | None]]:
    """Its sessions, with the presses that are missing where the shift says when they were."""
    about = {
        way: [f"+{one.about}" for one in reading.missing if one.way == way and one.about]
        for way in ("in", "out")
    }
    return [
        (
            one.begin or (about["in"].pop(0) if about["in"] else None),
            one.end or (about["out"].pop(0) if about["out"] else None),
        )
        for one in reading.sessions
    ]


def _directions(presses: list[ItemPress], reading: _Reading) -> Iterator[Step]:
    """What a press has to be said to be, to be read so."""
    ways: dict[str, Direction] = {}
    for session in reading.sessions:
        ways |= {session.begin: "in"} if session.begin else {}
        ways |= {session.end: "out"} if session.end else {}
    for press in presses:
        way = ways.get(press.at or "")
        if way and press.direction != way:
            yield Step(what="move", ledger=press.ledger, seq=press.seq, direction=way)
