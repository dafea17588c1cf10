"""Payroll's own corrections: rows beside the entries, with who and why. No entry is changed by one,
and no correction either: what was wrong is taken back by its number, in a row of its own.

What may be added or moved is the gates' own rule (``contract/corrections.py``).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from ...contract.corrections import ONE_PRESS_MS, Addition, Held, Today, known_code, said_moment
from ...contract.errors import BadRequest
from ...contract.language import Message
from ...contract.people import Employment, checked_code
from ...contract.stamps import local_date, local_time, parse_time
from ...contract.typed_times import moment_in_full
from ..databases.database import Database
from ..moments import Moment, moment_of
from ..roster.known_workers import told_codes
from ..worktime.decided_shifts import details_of
from ..worktime.known_shifts import shifts_in_force, version_in_force
from ..worktime.shifts import Shift
from .journal import COLUMNS, MOST_DETAILS, PAYROLL, Correction, Who, enter, turn

Direction = Literal["in", "out"]


def void(database: Database, who: Who, ledger: str, seq: int) -> int:
    """The punch that this entry made counts no more; a rejected entry is settled.

    Returns the correction's number. Raises BadRequest where there is nothing to void.
    """
    with turn(database):
        return enter_void(database, who, ledger, seq)


def enter_void(database: Database, who: Who, ledger: str, seq: int) -> int:
    """``void``, within a turn."""
    _check_void(database, ledger, seq)
    return enter(database, who, "void", ledger=ledger, seq=seq)


def add(
    database: Database,
    who: Who,
    code: str,
    at: str,
    *,
    zone: str,
    direction: Direction | None = None,
    gate: str | None = None,
    force: bool = False,
) -> int:
    """Enter a punch that no gate has; returns its number, its ``seq`` in the views.

    ``at`` is local time in ``zone`` unless it has an offset of its own. Raises BadRequest where it
    cannot be, or is odd and not forced.
    """
    with turn(database):
        return enter_addition(
            database, who, code, at, zone=zone, direction=direction, gate=gate, force=force
        )


def enter_addition(
    database: Database,
    who: Who,
    code: str,
    at: str,
    *,
    zone: str,
    direction: Direction | None,
    gate: str | None,
    force: bool,
) -> int:
    """``add``, within a turn."""
    where = _zone(zone)
    at_ms = said_moment(_in_full(at, who, where), where, force=force)
    known = _known_code(database, code, force)
    moment = _checked(database, who, Addition(code=known, at_ms=at_ms, zone=where), force)
    if gate is not None:
        _check_gate(database, gate)
    return enter(database, who, "add", code=known, **_parts(moment), direction=direction, gate=gate)


def _in_full(at: str, who: Who, zone: ZoneInfo) -> str:
    """A time as it was typed, in full: yesterday is the day before the correction is made."""
    made = date.fromisoformat(local_date(parse_time(who.made_at), zone))
    return moment_in_full(at.strip(), made)


class Moved(Struct, frozen=True):
    """A punch that was moved: by which correction, and when it was before and which way, as far as
    that was known.
    """

    number: int
    was: str | None
    was_direction: Direction | None


def move(
    database: Database,
    who: Who,
    ledger: str,
    seq: int,
    at: str | None,
    *,
    zone: str,
    direction: Direction | None = None,
    force: bool = False,
) -> Moved:
    """The punch that this entry made was at another time, or the other way, or both.

    The entry keeps what the gate wrote: it is the evidence. Raises BadRequest where there is no
    such punch, or the time cannot be, or is odd and not forced.
    """
    with turn(database):
        return enter_move(
            database, who, ledger, seq, at, zone=zone, direction=direction, force=force
        )


def enter_move(
    database: Database,
    who: Who,
    ledger: str,
    seq: int,
    at: str | None,
    *,
    zone: str,
    direction: Direction | None,
    force: bool,
) -> Moved:
    """``move``, within a turn."""
    where = _zone(zone)
    if at is None and direction is None:
        raise BadRequest("clerk.say-what")
    code, was, was_direction = _moveable(database, ledger, seq)
    before = _moved_before(database, ledger, seq)
    moment = Moment() if before is None else Moment(*before[:4])
    if at is not None:
        at_ms = said_moment(_in_full(at, who, where), where, force=force)
        addition = Addition(code=code, at_ms=at_ms, zone=where)
        moment = _checked(database, who, addition, force, (ledger, seq))
    way = direction or (before[4] if before else None)
    number = enter(
        database, who, "move", ledger=ledger, seq=seq, code=code, **_parts(moment), direction=way
    )
    return Moved(number, was, was_direction)


def undo(database: Database, who: Who, number: int) -> Correction:
    """Take back a correction by its number; returns it. To take back is final.

    Raises BadRequest where there is none, or it was taken back, or another one rests on it.
    """
    with turn(database):
        found = database.query(
            f"SELECT {', '.join(COLUMNS)} FROM corrections WHERE id = ?", [number]
        )
        if not found:
            raise BadRequest("clerk.no-correction", number=number)
        back = Correction(*found[0])
        if back.what == "undo":
            raise BadRequest("clerk.undo-final", number=number)
        if back.what in ("closed", "close"):
            raise BadRequest("clerk.undo-closed", number=number)
        if not database.query("SELECT 1 FROM standing WHERE id = ?", [number]):
            raise BadRequest("clerk.undone-before", number=number)
        enter(database, who, "undo", ledger=PAYROLL, seq=number)
        return back


def _checked(
    database: Database,
    who: Who,
    addition: Addition,
    force: bool,
    itself: tuple[str, int] | None = None,
) -> Moment:
    addition.check(
        Today(parse_time(who.made_at)),
        _employment(database, addition.code),
        _held(database, addition, itself),
        force=force,
    )
    return moment_of(local_time(addition.at_ms, addition.zone))


def _parts(moment: Moment) -> dict[str, object]:
    return {"at": moment.at, "at_ms": moment.at_ms, "day": moment.day, "time": moment.time}


def _moveable(
    database: Database, ledger: str, seq: int
) -> tuple[str, str | None, Direction | None]:
    """Whose punch it is, and when it was until now and which way."""
    found = database.query(
        "SELECT code, at, direction, state FROM judged WHERE ledger = ? AND seq = ?", [ledger, seq]
    )
    for code, at, direction, state in found:
        if state in ("valid", "pending-time", "no-time"):
            return code, at, direction
        why = Message(f"paper.state_{state}")
        raise BadRequest("clerk.move-none", seq=seq, ledger=ledger, state=why)
    raise BadRequest("clerk.no-punch", seq=seq, ledger=ledger)


def _moved_before(database: Database, ledger: str, seq: int) -> tuple[Any, ...] | None:
    found = database.query(
        "SELECT at, at_ms, day, time, direction FROM standing"
        " WHERE what = 'move' AND ledger = ? AND seq = ? ORDER BY id DESC LIMIT 1",
        [ledger, seq],
    )
    return found[0] if found else None


def _check_void(database: Database, ledger: str, seq: int) -> None:
    key = [ledger, seq]
    marks = database.query("SELECT repeated FROM marks WHERE ledger = ? AND seq = ?", key)
    rejected = database.query("SELECT 1 FROM rejections WHERE ledger = ? AND seq = ?", key)
    own = ledger == PAYROLL and database.query(
        "SELECT 1 FROM standing WHERE what = 'add' AND id = ?", [seq]
    )
    if not (marks or rejected or own):
        raise BadRequest("clerk.void-none", seq=seq, ledger=ledger)
    if database.query("SELECT 1 FROM standing WHERE what = 'void' AND ledger = ? AND seq = ?", key):
        raise BadRequest("clerk.void-before", seq=seq, ledger=ledger)
    if rejected:
        return
    if marks and marks[0][0]:
        raise BadRequest("clerk.void-repeat", seq=seq, ledger=ledger)
    if database.query(_VOIDED, key):
        raise BadRequest("clerk.void-already", seq=seq, ledger=ledger)


_VOIDED = """
SELECT 1 FROM owned m JOIN owned o ON o.root_ledger = m.root_ledger AND o.root_seq = m.root_seq
    AND o.root_hash = m.root_hash AND o.apart = m.apart
WHERE m.ledger = ? AND m.seq = ? AND (
    EXISTS (SELECT 1 FROM rulings r
        WHERE r.ledger = o.ledger AND r.punch = o.seq AND r.what = 'void')
    OR EXISTS (SELECT 1 FROM standing c
        WHERE c.ledger = o.ledger AND c.seq = o.seq AND c.what = 'void'))
"""
"""Whether a punch is voided, by whichever of its entries."""


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError too.
        raise BadRequest("clerk.no-zone", name=name) from None


def _known_code(database: Database, typed: str, force: bool) -> str:
    """The code of somebody whom rosters name; before the first roster, of who has punched."""
    if named := database.query("SELECT code FROM known_workers"):
        codes = [code for (code,) in named]
        return known_code(typed, codes, Message("clerk.not-listed"))
    found = database.query(
        "SELECT code FROM marks UNION SELECT code FROM standing WHERE what = 'add'"
    )
    codes = [code for (code,) in found]
    try:
        return known_code(typed, codes, Message("clerk.not-punched"))
    except BadRequest:
        if force:
            return checked_code(typed)
        raise


def _employment(database: Database, code: str) -> Employment | None:
    found = database.query(
        "SELECT active, valid_from, valid_to FROM known_workers WHERE code = ?", [code]
    )
    for active, valid_from, valid_to in found:
        return Employment(active=active != 0, valid_from=valid_from, valid_to=valid_to)
    return None


def _held(
    database: Database, addition: Addition, itself: tuple[str, int] | None = None
) -> list[Held]:
    around = [addition.at_ms - ONE_PRESS_MS, addition.at_ms + ONE_PRESS_MS]
    found = database.query(
        "SELECT ledger, seq, at_ms FROM judged"
        " WHERE code = ? AND state = 'valid' AND at_ms BETWEEN ? AND ? ORDER BY at_ms",
        [addition.code, *around],
    )
    return [
        Held(
            Message("clerk.entry", seq=seq, ledger=ledger),
            at_ms,
            Message("clerk.void-line", seq=seq, ledger=ledger),
        )
        for ledger, seq, at_ms in found
        if (ledger, seq) != itself
    ]


def _check_gate(database: Database, gate: str) -> None:
    gates = sorted(name for (name,) in database.query("SELECT DISTINCT gate FROM ledgers"))
    if gates and gate not in gates:
        raise BadRequest("clerk.no-gate", gate=gate, gates=told_codes(gates))


def tell_shifts(database: Database, who: Who, shifts: Sequence[Shift]) -> int:
    """The clerk tells which shifts there are: presses are read by this table from now on.

    Returns its version. Nothing is entered where it is the one in force.
    """
    with turn(database):
        if shifts_in_force(database) != list(shifts):
            for details in details_of(shifts, MOST_DETAILS):
                enter(database, who, "shifts", details=details)
        return version_in_force(database)
