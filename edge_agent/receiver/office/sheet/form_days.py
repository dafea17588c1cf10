"""A row for each person and day: when they came and left, their hours, and what is in doubt."""

from datetime import datetime, timedelta

from .heading import shade_of, told_period
from .paper import DATE, HOURS, Paper, column_range, ref
from .reckon import Reckoned, doubts_of, reckon
from .roll import Day, Roll
from .trace import Trace, doubt_note, undated_note
from .words import Words

_COLUMNS = {
    "code": 10, "name": 24, "team": 10, "date": 11, "weekday": 7, "kind": 10, "shift": 8,
    "in": 8, "out": 8, "worked": 9, "night": 9, "over": 9, "late": 8, "early": 8, "mark": 8,
    "note": 58,
}  # fmt: skip
_PLACE = {name: column for column, name in enumerate(_COLUMNS, start=1)}
_SUMMED = ("worked", "night", "over", "late", "early")
_TITLES = 4
_TIME = "hh:mm"
_ROW_PT, _NOTE_CHARACTERS = 13.5, 62
"""The height of a line, and what a line of the last column holds."""


def draw_days_form(paper: Paper, roll: Roll, words: Words) -> list[Trace]:
    """Draw the list; returns what each row is made of."""
    paper.put(1, 1, words("title_days"), bold=True, scale=4, align="left", lined=False)
    paper.put(2, 1, told_period(roll, words), bold=True, align="left", lined=False)
    for name, column in _PLACE.items():
        paper.put(_TITLES, column, words(name), bold=True, fill="head", wrap=True)
    traces = []
    row = _TITLES + 1
    for person in roll.people:
        who = {"code": person.code, "name": person.name, "team": person.team}
        for session in person.undated:
            note = undated_note(session, words).replace("\n", " ")
            _draw_row(paper, row, {**who, "note": note}, "doubt")
            why = tuple(doubts_of(session))
            traces.append(Trace(ref(row, 1), person, None, "", [session], None, why))
            row += 1
        for on in roll.period.days():
            day = person.days.get(on, Day())
            done = reckon(day, on, roll.site)
            note = doubt_note(day, done.doubts, roll.site, words)
            told = dict.fromkeys(one.why for one in day.sessions if one.why and one.worked)
            texts = {
                **who,
                "weekday": words.weekday(on),
                "kind": words(f"kind_{done.kind}"),
                "shift": ", ".join(dict.fromkeys(one.shift for one in day.sessions if one.shift)),
                "mark": done.symbol,
                "note": note.replace("\n", " ") or " ".join(map(words.why, told)),
            }
            fill = "doubt" if note else shade_of(on, roll.site)
            _draw_row(paper, row, texts, fill)
            paper.put(row, _PLACE["date"], on, fill=fill, shape=DATE)
            _draw_times(paper, row, day, done, fill)
            if note:
                mark = paper.put(row, _PLACE["mark"], done.symbol, fill=fill)
                paper.note(mark, note)
            if day.sessions or day.leave:
                cell, made_of = ref(row, _PLACE["worked"]), (day.sessions, day.leave)
                traces.append(Trace(cell, person, on, done.symbol, *made_of, done.doubts))
            row += 1
    _draw_total(paper, row, words)
    paper.sheet.auto_filter.ref = f"A{_TITLES}:{ref(max(row - 1, _TITLES), len(_COLUMNS))}"
    paper.sheet.freeze_panes = ref(_TITLES + 1, 3)
    paper.widths(_COLUMNS.values())
    paper.printed((_TITLES, _TITLES), row, len(_COLUMNS))
    return traces


def _draw_row(paper: Paper, row: int, texts: dict[str, str], fill: str | None) -> None:
    paper.height(row, _ROW_PT * -(-len(texts["note"]) // _NOTE_CHARACTERS or -1))
    for name, column in _PLACE.items():
        align = "left" if name in ("code", "name", "team", "note") else "center"
        paper.put(row, column, texts.get(name) or None, align=align, fill=fill, wrap=name == "note")


def _draw_times(paper: Paper, row: int, day: Day, done: Reckoned, fill: str | None) -> None:
    """The first in and the last out, real moments of which the time is shown; and the hours."""
    begins = [one.begin.at for one in day.sessions if one.begin and one.begin.at]
    ends = [one.end.at for one in day.sessions if one.end and one.end.at]
    moments = {"in": min(begins, default=None), "out": max(ends, default=None)}
    for name, at in moments.items():
        if at is not None:
            paper.put(row, _PLACE[name], to_second(at), fill=fill, shape=_TIME)
    seconds = {
        "worked": done.worked,
        "night": done.night,
        "over": done.day_over + done.night_over,
        "late": sum(one.late for one in day.sessions),
        "early": sum(one.early for one in day.sessions),
    }
    for name, length in seconds.items():
        if length:
            paper.put(row, _PLACE[name], timedelta(seconds=length), fill=fill, shape=HOURS)


def _draw_total(paper: Paper, row: int, words: Words) -> None:
    """Of the rows that are shown: a clerk filters by a person, and reads that person's."""
    paper.across(row, 1, _PLACE["in"], words("total"), bold=True)
    for name in list(_PLACE)[_PLACE["in"] :]:
        column = _PLACE[name]
        if name in _SUMMED:
            cells = column_range(column, _TITLES + 1, max(row - 1, _TITLES + 1))
            paper.formula(row, column, f"=SUBTOTAL(109,{cells})", bold=True, shape=HOURS)
        else:
            paper.put(row, column, None)


def to_second(at: datetime) -> datetime:
    """Excel rounds what is below."""
    return at.replace(microsecond=0)
