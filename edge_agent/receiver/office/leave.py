"""Leave that the clerk enters: a symbol for days on which somebody did not press, or half worked.

Each is a row of the journal, like a correction: with who and why, never changed, taken back by its
number.
"""

from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from ...contract.errors import BadRequest
from ...contract.language import Message
from ...contract.spreadsheet import as_day, as_yes_no, of_row, read_table, refuse
from ..databases.database import Database
from ..roster.known_workers import told_codes
from .journal import Correction, Who, enter, standing, turn
from .period import day_of
from .site import Site, days_between, site_in_force

_TITLES = {
    "code": ("code", "mã nv", "mã nhân viên", "mã số", "mã"),
    "symbol": ("symbol", "ký hiệu", "loại nghỉ"),
    "first": ("from", "từ ngày", "ngày", "date"),
    "last": ("to", "đến ngày"),
    "half": ("half", "nửa ngày"),
}
"""Field → the titles under which a column may stand, in any case."""

_MOST_DAYS = 400
"""More than a maternity leave with all that may follow it."""


class Leave(Struct, frozen=True, kw_only=True):
    """``symbol`` from the day ``first`` to ``last``; half days where ``half``."""

    code: str
    symbol: str
    first: date
    last: date
    half: bool = False


class Entered(Struct, frozen=True):
    """A leave that stands, its number, and who has entered it when and why."""

    number: int
    leave: Leave
    who: Who


class _Details(Struct, frozen=True):
    to: date
    symbol: str
    half: bool = False


def leave_asked(code: str, symbol: str, first: str, last: str | None, *, half: bool) -> Leave:
    """A leave as it was typed. Raises BadRequest where the days are none."""
    return Leave(
        code=code.strip(),
        symbol=symbol.strip(),
        first=day_of(first),
        last=day_of(last or first),
        half=half,
    )


class LeaveFile(Struct, frozen=True):
    """The leave in a file, and ``notes`` on what a person should know of how it was read."""

    leaves: list[Leave]
    notes: list[Message]


def read_leave_file(path: Path) -> LeaveFile:
    """Read a CSV or XLSX file. Raises BadRequest with all that is wrong, by row."""
    table = read_table(path, _TITLES, [("code",), ("symbol",), ("first",)])
    problems, found = list[Message](), list[Leave]()
    for row in table.rows:
        cells = row.cells
        half = as_yes_no(cells.get("half"), empty=False)
        if isinstance(cells["code"], int | float):
            problems.append(
                of_row(row.number, Message("table.code-number", code=str(cells["code"])))
            )
        if half is None:
            neither = Message("table.yes-or-no", text=str(cells["half"]))
            problems.append(of_row(row.number, neither))
        try:
            first, last = as_day(cells["first"]), as_day(cells.get("last"))
            asked = (str(cells["code"] or ""), str(cells["symbol"] or ""), first or "")
            found.append(leave_asked(*asked, last, half=bool(half)))
        except BadRequest as error:
            problems.append(of_row(row.number, error.message))
    refuse(path, problems)
    if not found:
        raise BadRequest("sheet.leave-none", path=path)
    return LeaveFile(found, table.notes)


def add_leave(database: Database, who: Who, asked: list[Leave]) -> list[int]:
    """Enter all of these, or none; returns their numbers. What stands already is passed over.

    Raises BadRequest with all that is wrong.
    """
    with turn(database):
        site = site_in_force(database)
        known = _known_codes(database)
        held = entered(database)
        problems: list[Message] = []
        wanted: list[Leave] = []
        for leave in asked:
            try:
                meant = _checked(leave, site, known)
            except BadRequest as error:
                problems.append(error.message)
                continue
            beside = [*held, *(Entered(0, one, who) for one in wanted)]
            if any(one.leave == meant for one in beside):
                continue
            problems += _overlaps(meant, beside)
            wanted.append(meant)
        if problems:
            raise BadRequest("sheet.leave-refused", problems=problems)
        return [_enter(database, who, leave) for leave in wanted]


def entered(database: Database) -> list[Entered]:
    """All leave that nobody has taken back, by number."""
    return [leave_of(row) for row in standing(database, "leave")]


def leave_of(row: Correction) -> Entered:
    """A leave as it stands in the journal."""
    return decoded(row.id, row.code, row.day, row.details, Who(row.made_at, row.actor, row.reason))


def decoded(
    number: int, code: str | None, day: str | None, details: str | None, who: Who
) -> Entered:
    """A leave as it stands in the journal, or in what was closed."""
    held = msgspec.json.decode(details or "", type=_Details)
    leave = Leave(
        code=code or "",
        symbol=held.symbol,
        first=date.fromisoformat(day or ""),
        last=held.to,
        half=held.half,
    )
    return Entered(number, leave, who)


def leave_of_days(
    leaves: list[Entered], site: Site, first: date, last: date
) -> dict[tuple[str, date], Entered]:
    """Which leave holds on each day of each worker.

    A leave of several days passes over days of rest and holidays, on which nobody takes leave.
    """
    found = {}
    for one in leaves:
        leave = one.leave
        for day in days_between(max(first, leave.first), min(last, leave.last)):
            free = site.rests_on(day) or site.is_holiday(day)
            if leave.first == leave.last or not free:
                found[leave.code, day] = one
    return found


def _enter(database: Database, who: Who, leave: Leave) -> int:
    details = _Details(leave.last, leave.symbol, leave.half)
    return enter(
        database, who, "leave",
        code=leave.code,
        day=leave.first.isoformat(),
        details=msgspec.json.encode(details).decode(),
    )  # fmt: skip


def _checked(leave: Leave, site: Site, known: set[str]) -> Leave:
    if leave.last < leave.first:
        raise BadRequest("sheet.leave-ends-before", **_told(leave))
    if (leave.last - leave.first).days >= _MOST_DAYS:
        raise BadRequest("sheet.leave-too-long", **_told(leave))
    if leave.code not in known:
        raise BadRequest("sheet.leave-unknown", code=told_codes([leave.code]))
    return msgspec.structs.replace(leave, symbol=site.symbol(leave.symbol))


def _known_codes(database: Database) -> set[str]:
    found = database.query("SELECT code FROM known_workers UNION SELECT code FROM marks")
    return {code for (code,) in found}


def _overlaps(leave: Leave, beside: list[Entered]) -> list[Message]:
    return [
        Message(
            "sheet.leave-stands", number=one.number, symbol=one.leave.symbol, **_told(one.leave)
        )
        if one.number
        else Message("sheet.leave-twice", symbol=one.leave.symbol, **_told(one.leave))
        for one in beside
        if one.leave.code == leave.code
        and one.leave.first <= leave.last
        and leave.first <= one.leave.last
    ]


def _told(leave: Leave) -> dict[str, object]:
    return {"code": leave.code, "first": leave.first, "last": leave.last}
