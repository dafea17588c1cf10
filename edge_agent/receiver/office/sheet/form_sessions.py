"""A row for each session, from an in to its out."""

from datetime import date, timedelta

from .form_days import to_second
from .heading import told_period
from .paper import DATE, HOURS, MOMENT, Paper, column_range, ref
from .reckon import doubts_of
from .roll import Person, Roll, SheetSession
from .trace import Trace, undated_note
from .words import Words

_COLUMNS = {
    "code": 10, "name": 24, "date": 11, "weekday": 7, "shift": 8, "in": 19, "out": 19,
    "pauses": 9, "worked": 9, "status": 18, "in_gate": 14, "out_gate": 14, "note": 50,
}  # fmt: skip
_PLACE = {name: column for column, name in enumerate(_COLUMNS, start=1)}
_TITLES = 4


def draw_sessions(paper: Paper, roll: Roll, words: Words) -> list[Trace]:
    """Draw the list; returns what each row is made of."""
    paper.put(1, 1, words("title_sessions"), bold=True, scale=4, align="left", lined=False)
    paper.put(2, 1, told_period(roll, words), bold=True, align="left", lined=False)
    for name, column in _PLACE.items():
        paper.put(_TITLES, column, words(name), bold=True, fill="head", wrap=True)
    traces = []
    row = _TITLES + 1
    for person in roll.people:
        dated = [(on, one) for on in sorted(person.days) for one in person.days[on].sessions]
        undated: list[tuple[date | None, SheetSession]] = [(None, one) for one in person.undated]
        for on, session in [*undated, *dated]:
            traces.append(_draw_session(paper, row, person, on, session, words))
            row += 1
    paper.across(row, 1, _PLACE["out"], words("total"), bold=True)
    for name in ("pauses", "worked"):
        cells = column_range(_PLACE[name], _TITLES + 1, max(row - 1, _TITLES + 1))
        text = f"=SUBTOTAL(109,{cells})"
        paper.formula(row, _PLACE[name], text, bold=True, shape=HOURS)
    paper.sheet.auto_filter.ref = f"A{_TITLES}:{ref(max(row - 1, _TITLES), len(_COLUMNS))}"
    paper.sheet.freeze_panes = ref(_TITLES + 1, 3)
    paper.widths(_COLUMNS.values())
    paper.printed((_TITLES, _TITLES), row, len(_COLUMNS))
    return traces


def _draw_session(
    paper: Paper, row: int, person: Person, on: date | None, session: SheetSession, words: Words
) -> Trace:
    whole = session.status == "complete"
    why = tuple(doubts_of(session))
    fill = None if whole else "doubt"
    note = " ".join(map(words.why, why or ([session.why] if session.why else [])))
    if on is None:
        note = undated_note(session, words).replace("\n", " ")
    begin, end = session.begin, session.end
    status = f"status_{session.status}"
    shown = words(status) if words.has(status) else session.status
    values = {
        "code": person.code,
        "name": person.name,
        "date": on,
        "weekday": on and words.weekday(on),
        "shift": session.shift,
        "in": begin and begin.at and to_second(begin.at),
        "out": end and end.at and to_second(end.at),
        "pauses": timedelta(seconds=session.break_seconds) if session.break_seconds else None,
        "worked": timedelta(seconds=session.worked) if whole else None,
        "status": shown,
        "in_gate": begin and begin.gate,
        "out_gate": end and end.gate,
        "note": note,
    }
    shapes = {"date": DATE, "in": MOMENT, "out": MOMENT, "pauses": HOURS, "worked": HOURS}
    for name, value in values.items():
        look = {"shape": shapes[name]} if name in shapes else {}
        align = "left" if name in ("code", "name", "note") else "center"
        cell = paper.put(
            row, _PLACE[name], value, fill=fill, align=align, wrap=name == "note", **look
        )
        if name == "status" and not whole:
            paper.note(cell, note)
    return Trace(ref(row, _PLACE["worked"]), person, on, shown, [session], None, why)
