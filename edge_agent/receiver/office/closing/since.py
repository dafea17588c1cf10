"""What a period came to before: by a file that was exported then, or by what was here on a day."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ....contract.errors import BadRequest
from ....contract.kinds import AMENDMENTS, MARKS, RECOVERED
from ...accept import OPENED
from ...databases import open_database
from ...databases.database import Database
from ...databases.schema import ENTRY_COLUMNS, prepare
from ...project import project_anew
from ...worktime.keep import renew
from ..export import COLUMNS as EXPORTED
from ..export import SHEETS
from ..exported import lines_of
from ..period import Period
from ..workbook_words import meant
from .numbers import ClosedSession, Numbers, numbers

_PAGE = 5000

_KINDS = (*MARKS, *AMENDMENTS, RECOVERED, OPENED)
"""What a session may be made of."""

_TIMED = ("punch.recorded", "punch.repeated")
"""Most of them, and each is of the day that it says."""

_AROUND = timedelta(days=40)

_COPIED = {
    "ledgers": "TRUE",
    "known_workers": "TRUE",
    "rosters": "TRUE",
    "former_names": "TRUE",
    "shift_versions": "TRUE",
    "shifts": "TRUE",
    "corrections": "made_at < ?",
}
"""Tables that are not made of entries, and which of their rows were there on a day. Who is known,
and the shifts, are as of now: a roster that names somebody late lets count what they pressed."""


def as_on(database: Database, moment: str, period: Period) -> dict[str, Numbers]:
    """The numbers of a period by what had come, and was decided, before ``moment`` (UTC).

    They are made anew from the entries, in a database of its own that is thrown away.
    """
    with (
        TemporaryDirectory(prefix="edge-agent-") as folder,
        closing(open_database(f"{folder}/then.db", alone=True, may_be_new=True)) as then,
    ):
        prepare(then, project_anew)
        with then.transaction():
            for table, condition in _COPIED.items():
                _copy(database, then, table, condition, moment)
            for rows in _entries(database, moment, period):
                then.insert("entries", ENTRY_COLUMNS, rows)
            project_anew(then)
        renew(then)
        return numbers(then, period)


def _copy(database: Database, then: Database, table: str, condition: str, moment: str) -> None:
    columns = [name for (name,) in then.query(f"SELECT name FROM pragma_table_info('{table}')")]
    rows = database.query(
        f"SELECT {', '.join(columns)} FROM {table} WHERE {condition}",
        [moment] * condition.count("?"),
    )
    then.insert(table, columns, rows)


def _entries(database: Database, moment: str, period: Period) -> Iterator[list[tuple[Any, ...]]]:
    """What had come, of the period and some time around it; what has no time of its own, all."""
    kinds = ", ".join("?" * len(_KINDS))
    timed = ", ".join("?" * len(_TIMED))
    first, end = period.first - _AROUND, period.end + _AROUND
    last: tuple[str, int] = ("", 0)
    while page := database.query(
        f"SELECT {', '.join(ENTRY_COLUMNS)} FROM entries WHERE (ledger, seq) > (?, ?)"
        f" AND received_at < ? AND kind IN ({kinds})"
        f" AND (at IS NULL OR kind NOT IN ({timed}) OR at BETWEEN ? AND ?)"
        f" ORDER BY ledger, seq LIMIT {_PAGE}",
        [*last, moment, *_KINDS, *_TIMED, first.isoformat(), end.isoformat()],
    ):
        yield page
        last = page[-1][0], page[-1][1]


def of_file(file: Path) -> dict[str, Numbers]:
    """The numbers in a file of ``receive export``, to the second and the minute as it has them.

    Raises BadRequest where it has no sessions.
    """
    found: dict[str, list[ClosedSession]] = defaultdict(list)
    for row in _rows(file):
        if row["date"]:
            found[str(row["code"])].append(row)
    return {code: Numbers(sessions) for code, sessions in found.items()}


def as_in_file(whole: dict[str, Numbers]) -> dict[str, Numbers]:
    """Numbers to the second and the minute, as ``of_file`` has them."""
    return {
        code: Numbers([_plain(session) for session in one.sessions]) for code, one in whole.items()
    }


def _plain(session: ClosedSession) -> ClosedSession:
    plain = {name: session.get(name) for name in ("code", "date", "status")}
    plain |= {name: _to_second(session.get(name)) for name in ("in_at", "out_at")}
    minutes = session.get("minutes")
    return plain | {"minutes": None if minutes in (None, "") else int(str(minutes))}


def _to_second(at: Any) -> str | None:
    return f"{str(at)[:10]} {str(at)[11:19]}" if at else None


def _rows(file: Path) -> Iterator[ClosedSession]:
    lines = lines_of(file, SHEETS["sessions"])
    titles = {title: name for name, title in EXPORTED["sessions"].items()}
    head = [titles.get(title, title) for title in next(lines, ())]
    if not {"code", "date", "in_at", "out_at", "minutes", "status"} <= set(head):
        raise BadRequest("clerk.no-sessions", file=file)
    for line in lines:
        yield _plain({name: meant(name, cell) for name, cell in zip(head, line, strict=False)})
