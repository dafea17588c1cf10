"""A period's punches as the file that a ZKTeco terminal writes to a USB stick (``1_attlog.dat``),
and that ZKTeco's own software and most payroll programs read.

A line: worker's number, right-aligned in nine places, local time, terminal's number, status, how it
was verified, work code; tabs between them, and an end of line as Windows has it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from ...contract.atomic_file import new_private_file
from ...contract.errors import BadRequest
from ...contract.language import Message
from ..databases.database import Database
from ..roster.known_workers import told_codes
from .export import period_rows
from .period import Period
from .site import site_in_force

_STATUS = {"in": 0, "out": 1, None: 255}
"""255 is what a terminal writes that knows no directions; what a gate has guessed is no more."""
_FINGER, _BY_HAND = 1, 0
_NO_TERMINAL = 0
"""Of what payroll itself has entered."""

_MOST = 999_999_999

_LACKING = {"worker": "sheet.attlog-workers", "gate": "sheet.attlog-gates"}


class Written(Struct, frozen=True):
    """How many lines there are, and how many punches have no time yet, and so no line."""

    lines: int
    without_time: int


def write_attlog(database: Database, period: Period, target: Path) -> Written:
    """Write the punches of these days that count to the new file ``target``, in order of time.

    Raises BadRequest where a worker or a gate has no number that is its alone, and StoreFault.
    """
    numbers = site_in_force(database).numbers
    rows = period_rows(database, period, "punches")
    counted = [row for row in rows if row["state"] == "valid"]
    roster = [code for (code,) in database.query("SELECT code FROM known_workers")]
    gates = [gate for (gate,) in database.query("SELECT DISTINCT gate FROM ledgers")]
    workers = numbered("worker", numbers.workers, {*roster}, {row["code"] for row in counted})
    known = {*gates, *(row["gate"] for row in counted if row["gate"])}
    only = {gate: 1 for gate in known if len(known) == 1 and not _digits(gate)}
    terminals = numbered("gate", {**only, **numbers.gates}, known, known)
    lines = sorted(
        (row["date"], row["time"], _line(row, workers[row["code"]], terminals)) for row in counted
    )
    with new_private_file(target) as file:
        for _, _, line in lines:
            file.write(line.encode("ascii"))
    waiting = ("pending-time", "no-time")
    return Written(len(lines), sum(row["state"] in waiting for row in rows))


def numbered(
    what: Literal["worker", "gate"],
    said: dict[str, int],
    known: Iterable[str],
    needed: Iterable[str],
) -> dict[str, int]:
    """The number of each of ``known`` and ``needed``: the one that the site has said, else the
    digits of its name. Raises BadRequest where one of ``needed`` has none, or shares it.
    """
    found = {name: said.get(name) or _digits(name) for name in {*known, *needed}}
    sharing: dict[int, list[str]] = defaultdict(list)
    for name, number in sorted(found.items()):
        if number:
            sharing[number].append(name)
    lacking = sorted(name for name in needed if not found[name])
    problems = [Message("sheet.attlog-no-digits", name=told_codes([name])) for name in lacking]
    problems += [
        Message("sheet.attlog-shared", names=told_codes(names), number=number)
        for number, names in sorted(sharing.items())
        if len(names) > 1 and {*names} & {*needed}
    ]
    if problems:
        raise BadRequest(_LACKING[what], problems=problems)
    return {name: number for name, number in found.items() if number}


def _digits(name: str) -> int | None:
    """The number in a name: 42 of NV0042; None where there is none, or more than one."""
    groups = re.findall(r"[0-9]+", name)
    return int(groups[0]) if len(groups) == 1 and 0 < int(groups[0]) <= _MOST else None


def _line(row: dict[str, Any], worker: int, terminals: dict[str, int]) -> str:
    terminal = terminals[row["gate"]] if row["gate"] else _NO_TERMINAL
    verified = _FINGER if row["source"] in ("finger", "recovered") else _BY_HAND
    guessed = row["direction_source"] == "alternate"
    status = _STATUS[None if guessed else row["direction"]]
    when = f"{row['date']} {row['time']}"
    return f"{worker:>9}\t{when}\t{terminal}\t{status}\t{verified}\t0\r\n"
