"""Where a cell comes from: notes beside doubtful ones, and the sheet that names every entry."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct
from openpyxl.cell.cell import Cell

from ..journal import PAYROLL
from ..site import Site
from .paper import DATE, MOMENT, Paper, ref
from .reckon import doubts_of
from .roll import Day, Person, SheetLeave, SheetPress, SheetSession
from .words import Words


class Trace(Struct, frozen=True):
    """A cell and what it was made of; ``day`` None: sessions that have none."""

    cell: str
    person: Person
    day: date | None
    shown: str
    sessions: list[SheetSession]
    leave: SheetLeave | None = None
    doubts: tuple[str, ...] = ()


def doubt_note(day: Day, doubts: Iterable[str], site: Site, words: Words) -> str:
    """Why a day is in doubt, and what was pressed; nothing where it is not."""
    lines = [words.why(doubt) for doubt in doubts]
    if not lines:
        return ""
    pressed = [press for session in day.sessions for press in session.presses()]
    if pressed:
        pressed.sort(key=lambda press: press.at.isoformat() if press.at else "~")
        told = ", ".join(_told(press, words) for press in pressed)
        lines.append(words("note_presses", presses=told))
    if day.leave is not None:
        symbol = site.all_symbols().get(day.leave.symbol)
        name = symbol.name if symbol else ""
        lines.append(words("note_leave", symbol=day.leave.symbol, name=name))
    return "\n".join(lines)


def undated_note(session: SheetSession, words: Words) -> str:
    """Between when a press was that no day can be given."""
    bounds = (session.not_before, session.not_after)
    first, last = (f"{at:%d/%m/%Y %H:%M}" if at else "?" for at in bounds)
    why = " ".join(map(words.why, doubts_of(session)))
    return f"{why}\n{words('note_undated', first=first, last=last)}"


def trace_undated(paper: Paper, name: Cell, person: Person, words: Words) -> list[Trace]:
    """Mark somebody's name where they have presses that no day can be given."""
    if not person.undated:
        return []
    paper.note(name, "\n".join(undated_note(session, words) for session in person.undated))
    why = tuple(why for session in person.undated for why in doubts_of(session))
    return [Trace(name.coordinate, person, None, person.name, person.undated, None, why)]


_COLUMNS = {
    "cell": 7, "code": 11, "date": 12, "shown": 8,
    "in": 19, "in_gate": 14, "in_ledger": 38, "in_seq": 9,
    "out": 19, "out_gate": 14, "out_ledger": 38, "out_seq": 9,
    "note": 44,
}  # fmt: skip
"""The columns of the sheet of sources, with their widths."""

_FIRST_ROW = 4


def draw_sources(paper: Paper, traces: list[Trace], words: Words) -> None:
    """One row for each session or leave behind a cell, to be filtered by whoever asks."""
    paper.put(1, 1, words("title_sources"), bold=True, align="left", lined=False)
    for column, title in enumerate(_COLUMNS, start=1):
        paper.put(_FIRST_ROW - 1, column, words(title), bold=True, fill="head", wrap=True)
    row = _FIRST_ROW
    for trace in traces:
        for begin, end, note in _sources(trace, words):
            _draw_source(paper, row, trace, begin, end, note, words)
            row += 1
    last = max(row - 1, _FIRST_ROW)
    paper.sheet.auto_filter.ref = f"A{_FIRST_ROW - 1}:{ref(last, len(_COLUMNS))}"
    paper.sheet.freeze_panes = f"A{_FIRST_ROW}"
    paper.widths(_COLUMNS.values())
    paper.printed((_FIRST_ROW - 1, _FIRST_ROW - 1), last, len(_COLUMNS))


def _sources(
    trace: Trace, words: Words
) -> Iterator[tuple[SheetPress | None, SheetPress | None, str]]:
    """What a cell was made of: an in and its out, or an entry of the office's own."""
    note = " ".join(map(words.why, trace.doubts))
    for session in trace.sessions:
        yield session.begin, session.end, note
    if trace.leave is not None:
        said = words("what_leave", symbol=trace.leave.symbol)
        yield SheetPress(PAYROLL, trace.leave.number, None, None), None, f"{said} {note}".strip()


def _draw_source(
    paper: Paper,
    row: int,
    trace: Trace,
    begin: SheetPress | None,
    end: SheetPress | None,
    note: str,
    words: Words,
) -> None:
    def put(column: int, value: Any, align: str = "left", **look: Any) -> None:
        if value is not None and value != "":
            paper.put(row, column, value, align=align, lined=False, **look)

    put(1, trace.cell)
    put(2, trace.person.code)
    put(3, words("undated") if trace.day is None else trace.day, shape=DATE)
    put(4, trace.shown, align="center")
    for column, press in ((5, begin), (9, end)):
        if press is not None:
            put(column, press.at and press.at.replace(microsecond=0), shape=MOMENT)
            put(column + 1, press.gate)
            put(column + 2, press.ledger)
            put(column + 3, press.seq, shape="0")
    put(13, note)


def _told(press: SheetPress, words: Words) -> str:
    when = f"{press.at:%d/%m %H:%M}" if press.at else words("no_time")
    return f"{when} ({press.gate})" if press.gate else when
