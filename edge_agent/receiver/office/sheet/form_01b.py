"""Form 01b-LĐTL, overtime: for each person the hours by day and those by night, day for day."""

from datetime import date

from openpyxl.cell.cell import Cell

from .form_limits import limits_remark
from .heading import (
    FIRST_DAY,
    FIRST_ROW,
    HEAD,
    PER_PAGE,
    break_pages,
    draw_columns_before,
    draw_days,
    draw_foot,
    draw_heading,
    draw_standing,
    fill_of,
    shade_of,
)
from .paper import Paper, column_range, ref, total_of
from .reckon import DayKind, Reckoned, reckon
from .roll import Day, Person, Roll
from .trace import Trace, doubt_note, trace_undated
from .words import Words

_KINDS = (DayKind.WORKING, DayKind.REST, DayKind.HOLIDAY)
_SHAPE = '[=0]"";0.00'
_ROW_PT = 13


def draw_01b(paper: Paper, roll: Roll, words: Words) -> list[Trace]:
    """Draw the form; returns what each cell is made of."""
    days = roll.period.days()
    last_day = FIRST_DAY + len(days) - 1
    last = last_day + len(_KINDS) + 1
    draw_heading(paper, roll, words, "01b", last)
    draw_columns_before(paper, words, ("number", "code", "name", "part_of_day"))
    draw_days(paper, roll, words)
    paper.across(HEAD, last_day + 1, last, words("overtime"), bold=True)
    names = [*(f"over_{kind}" for kind in _KINDS), "over_all"]
    for number, name in enumerate(names):
        column = last_day + 1 + number
        paper.across(HEAD + 1, column, column, words(name), rows=2, wrap=True, scale=-1)
        paper.put(HEAD + 3, column, 32 + number, scale=-2, shape="0")
    for row, height in zip(range(HEAD, FIRST_ROW), (14, 18, 18, 10), strict=True):
        paper.height(row, height)
    traces: list[Trace] = []
    for number, person in enumerate(roll.people, start=1):
        row = FIRST_ROW + 2 * (number - 1)
        reckoned = [reckon(person.days.get(day, Day()), day, roll.site) for day in days]
        named = _draw_person(paper, row, number, person, words)
        traces += trace_undated(paper, named, person, words)
        traces += _draw_hours(
            paper, row, person, dict(zip(days, reckoned, strict=True)), roll, words
        )
        _draw_sums(paper, row, reckoned, last_day)
    row = FIRST_ROW + 2 * len(roll.people)
    _draw_total(paper, row, last, words)
    draw_standing(paper, roll, words, sum(bool(trace.doubts) for trace in traces), last)
    legend = [(kind, words(f"legend_{kind}")) for kind in _KINDS]
    remarks = [
        words("legend_over", hours=f"{roll.site.day_hours:g}"),
        words("legend_night"),
        words("legend_shade"),
        *limits_remark(roll, words),
    ]
    end = draw_foot(paper, row + 1, last, words, legend, remarks, "confirmed")
    break_pages(paper, 2 * len(roll.people), 2 * (PER_PAGE - 8))
    paper.widths([4, 8.5, 21, 6, *[4.2] * len(days), *[7.5] * (len(_KINDS) + 1)])
    paper.sheet.freeze_panes = ref(FIRST_ROW, FIRST_DAY)
    paper.printed((HEAD, HEAD + 3), end, last)
    return traces


def _draw_person(paper: Paper, row: int, number: int, person: Person, words: Words) -> Cell:
    paper.across(row, 1, 1, number, rows=2, shape="0")
    paper.across(row, 2, 2, person.code, rows=2, scale=-1)
    fill = "doubt" if person.undated else None
    name = paper.across(row, 3, 3, person.name, rows=2, align="left", fill=fill)
    for line, part in ((row, "by_day"), (row + 1, "by_night")):
        paper.put(line, 4, words(part), scale=-1)
        paper.height(line, _ROW_PT)
    return name


def _draw_hours(
    paper: Paper,
    row: int,
    person: Person,
    reckoned: dict[date, Reckoned],
    roll: Roll,
    words: Words,
) -> list[Trace]:
    traces = []
    for column, (on, done) in enumerate(reckoned.items(), start=FIRST_DAY):
        fill = fill_of(done, shade_of(on, roll.site))
        day = person.days.get(on, Day())
        parts = (done.day_over, done.night_over)
        for line, seconds in enumerate(parts, start=row):
            hours = seconds / 3600 if seconds else None
            cell = paper.put(line, column, hours, scale=-1, fill=fill, shape=_SHAPE)
            if line == row and done.doubts:
                paper.note(cell, doubt_note(day, done.doubts, roll.site, words))
            if hours or (line == row and done.doubts):
                shown = f"{hours:.2f}" if hours else ""
                doubts = done.doubts if line == row else ()
                traces.append(
                    Trace(ref(line, column), person, on, shown, day.sessions, None, doubts)
                )
    return traces


def _draw_sums(paper: Paper, row: int, reckoned: list[Reckoned], last_day: int) -> None:
    for number, kind in enumerate(_KINDS, start=1):
        columns = [n for n, done in enumerate(reckoned, start=FIRST_DAY) if done.kind is kind]
        for line in (row, row + 1):
            paper.formula(line, last_day + number, total_of(line, columns), shape=_SHAPE)
    kinds = list(range(last_day + 1, last_day + 1 + len(_KINDS)))
    for line in (row, row + 1):
        paper.formula(line, kinds[-1] + 1, total_of(line, kinds), shape=_SHAPE, bold=True)


def _draw_total(paper: Paper, row: int, last: int, words: Words) -> None:
    paper.across(row, 1, FIRST_DAY - 1, words("total"), bold=True)
    paper.height(row, 16)
    for column in range(FIRST_DAY, last + 1):
        above = column_range(column, FIRST_ROW, max(row - 1, FIRST_ROW))
        paper.formula(row, column, f"=SUM({above})", shape=_SHAPE, bold=True, scale=-2)
