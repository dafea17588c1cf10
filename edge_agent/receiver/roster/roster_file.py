"""A list of workers as people keep it, CSV or XLSX, as the rows of a roster."""

from collections.abc import Iterable
from datetime import date, time
from pathlib import Path
from typing import Any

from msgspec import UNSET, Struct

from ...contract.errors import BadRequest
from ...contract.language import Message
from ...contract.messages import RosterWorker
from ...contract.roster import MOST_WORKERS, row_problems
from ...contract.spreadsheet import as_day, as_yes_no, of_row, read_table, refuse

CODE_TITLES = ("code", "mã nv", "mã nhân viên", "mã số", "mã")

_TITLES = {
    "code": CODE_TITLES,
    "name": ("name", "họ và tên", "họ tên"),
    "family": (
        *("family name", "họ và tên đệm", "họ đệm", "họ", "họ và đệm", "họ tên đệm"),
        *("họ lót", "họ và lót", "họ và tên lót", "họ và chữ lót", "họ chữ lót"),
    ),
    "given": ("given name", "tên"),
    "team": ("team", "tổ", "bộ phận", "đội", "phòng ban"),
    "active": ("active", "đang chấm", "đang làm", "đang làm việc"),
    "valid_from": ("valid_from", "valid from", "từ ngày", "ngày vào", "ngày vào làm"),
    "valid_to": ("valid_to", "valid to", "đến ngày", "ngày nghỉ", "ngày nghỉ việc"),
}
"""Field → the titles under which a column may stand, in any case."""


class RosterFile(Struct, frozen=True):
    """The workers in a file, and ``notes`` on what a person should know of how it was read.

    ``rows``: the row of each worker; ``problems``: all that is wrong with the file, by row, and
    ``doubted`` the rows that have some.
    """

    workers: list[RosterWorker]
    notes: list[Message]
    rows: list[int]
    problems: list[Message]
    doubted: frozenset[int]


def read_roster_file(path: Path) -> RosterFile:
    """Read the workers. Raises BadRequest with all that is wrong, by row."""
    found = look_at_roster_file(path)
    refuse(path, found.problems)
    return found


def look_at_roster_file(path: Path) -> RosterFile:
    """The same for whoever has more to say of the rows, and refuses all of it at once.

    Raises BadRequest where there are no rows to be looked at.
    """
    table = read_table(path, _TITLES, [("code",), ("name", "given")], spread=("name",))
    problems: list[Message] = []
    if table.rows and not {"name", "family"} & table.rows[0].cells.keys():
        # Beside a given name alone: half of everybody's name would be gone.
        problems += [
            Message("roster.family-title", title=title)
            for title in table.passed_over
            if title.startswith(("họ", "ho "))
        ]
    seen: set[str] = set()
    workers, doubted = [], set[int]()
    for row in table.rows:
        worker, found = _worker(row.cells)
        workers.append(worker)
        found += [problem.shown for problem in row_problems(worker, seen)]
        problems += [of_row(row.number, what) for what in found]
        doubted |= {row.number} if found else set()
    if not workers:
        raise BadRequest("roster.none-in-file", path=path)
    if len(workers) > MOST_WORKERS:
        problems.append(Message("roster.too-many", rows=len(workers), most=MOST_WORKERS))
    rows = [row.number for row in table.rows]
    return RosterFile(workers, table.notes, rows, problems, frozenset(doubted))


def lost_zeros(workers: Iterable[RosterWorker], known: Iterable[str]) -> list[Message]:
    """What is wrong with codes that were in use with leading zeros, and are not without."""
    in_use = frozenset(known)
    whole = {code.lstrip("0"): code for code in sorted(in_use, reverse=True) if code[0] == "0"}
    return [
        Message("roster.lost-zeros", code=worker.code, known=whole[worker.code])
        for worker in workers
        if worker.code not in in_use and worker.code in whole
    ]


def _worker(cells: dict[str, Any]) -> tuple[RosterWorker, list[Message]]:
    problems = []
    code = cells["code"]
    if isinstance(code, int | float):
        problems.append(Message("table.code-number", code=str(code)))
    active = as_yes_no(cells.get("active"), empty=True)
    if active is None:
        problems.append(Message("table.yes-or-no", text=_text(cells["active"])))
    for name in ("code", "name", "family", "given", "team"):
        if isinstance(cells.get(name), date | time):
            problems.append(Message("table.is-date", text=_text(cells[name])))
    names = [cells.get("name")] if cells.get("name") else [cells.get("family"), cells.get("given")]
    return (
        RosterWorker(
            code=_text(code),
            name=" ".join(_text(name) for name in names if name is not None),
            active=active is not False,
            valid_from=as_day(cells.get("valid_from")),
            valid_to=as_day(cells.get("valid_to")),
            team=_text(cells.get("team")) or UNSET,
        ),
        problems,
    )


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)
