"""Form 01a-LĐTL, the attendance sheet: a row for each person, a column for each day."""

from datetime import date

from ..site import Counts, Site
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
from .paper import Paper, column_range, ref, row_range
from .reckon import reckon
from .roll import Day, Person, Roll
from .trace import Trace, doubt_note, trace_undated
from .words import Words

_SUMS: tuple[tuple[str, int], ...] = (
    ("piece", 32), ("time", 33), ("paid", 34), ("part", 35), ("insurance", 36), ("unpaid", 37),
)  # fmt: skip
"""The sums with the form's numbers; the last is custom's, not the form's."""

_SHAPE = '[=0]"";General'
"""A number, and nothing in place of 0."""

_ROW_PT = 19


def draw_01a(paper: Paper, roll: Roll, words: Words) -> list[Trace]:
    """Draw the form; returns what each cell is made of."""
    days = roll.period.days()
    last_day = FIRST_DAY + len(days) - 1
    last = last_day + len(_SUMS)
    draw_heading(paper, roll, words, "01a", last)
    draw_columns_before(paper, words, ("number", "code", "name", "grade"))
    draw_days(paper, roll, words)
    paper.across(HEAD, last_day + 1, last, words("reckoned"), bold=True)
    for column, (name, number) in enumerate(_SUMS, start=last_day + 1):
        paper.across(HEAD + 1, column, column, words(name), rows=2, wrap=True, scale=-2)
        paper.put(HEAD + 3, column, number, scale=-2, shape="0")
    for row, height in zip(range(HEAD, FIRST_ROW), (14, 38, 30, 10), strict=True):
        paper.height(row, height)
    traces: list[Trace] = []
    row = FIRST_ROW
    for number, person in enumerate(roll.people, start=1):
        traces += _draw_person(paper, row, number, person, days, roll.site, words)
        for column, (name, _) in enumerate(_SUMS, start=last_day + 1):
            cells = row_range(row, FIRST_DAY, last_day)
            paper.formula(row, column, sum_formula(cells, name, roll.site), shape=_SHAPE)
        row += 1
    _draw_total(paper, row, last_day, last, roll.site, words)
    draw_standing(paper, roll, words, sum(bool(trace.doubts) for trace in traces), last)
    remarks = [words("legend_shade"), *limits_remark(roll, words)]
    end = draw_foot(paper, row + 1, last, words, _legend(roll.site, words), remarks)
    break_pages(paper, len(roll.people), PER_PAGE)
    paper.widths([4, 8.5, 21, 6.5, *[3.5] * len(days), *[6.2] * len(_SUMS)])
    paper.sheet.freeze_panes = ref(FIRST_ROW, FIRST_DAY)
    paper.printed((HEAD, HEAD + 3), end, last)
    return traces


def _draw_person(
    paper: Paper,
    row: int,
    number: int,
    person: Person,
    days: list[date],
    site: Site,
    words: Words,
) -> list[Trace]:
    paper.height(row, _ROW_PT)
    paper.put(row, 1, number, shape="0")
    paper.put(row, 2, person.code, scale=-1)
    name = paper.put(row, 3, person.name, align="left", fill="doubt" if person.undated else None)
    paper.put(row, 4, None)
    traces = trace_undated(paper, name, person, words)
    for column, on in enumerate(days, start=FIRST_DAY):
        day = person.days.get(on, Day())
        reckoned = reckon(day, on, site)
        fill = fill_of(reckoned, shade_of(on, site))
        cell = paper.put(row, column, reckoned.symbol or None, fill=fill)
        if reckoned.doubts:
            paper.note(cell, doubt_note(day, reckoned.doubts, site, words))
        if day.sessions or day.leave:
            traces.append(
                Trace(
                    ref(row, column), person, on, reckoned.symbol,
                    day.sessions, day.leave, reckoned.doubts,
                )
            )  # fmt: skip
    return traces


def sum_formula(cells: str, counts: Counts | str, site: Site) -> str:
    """Count the symbols in ``cells`` that belong to a sum: whole days, and halves of days."""
    work = site.work
    if counts == "time":
        half = f'COUNTIF({cells},"{work.half}")+COUNTIF({cells},"{work.full}/*")'
        return f'=COUNTIF({cells},"{work.full}")+({half})/2'
    whole = [one for one, symbol in site.all_symbols().items() if symbol.counts == counts]
    if not whole:
        return "=0"
    halves = [f"{before}{one}" for one in whole for before in (work.half, f"{work.full}/")]
    return f"={_count(cells, whole)}+{_count(cells, halves)}/2"


def _count(cells: str, symbols: list[str]) -> str:
    quoted = ",".join(f'"{symbol}"' for symbol in symbols)
    return f"SUMPRODUCT(COUNTIF({cells},{{{quoted}}}))"


def _draw_total(paper: Paper, row: int, last_day: int, last: int, site: Site, words: Words) -> None:
    """How many worked on each day, and the sums of the sums."""
    paper.height(row, _ROW_PT)
    paper.across(row, 1, FIRST_DAY - 1, words("total"), bold=True)
    for column in range(FIRST_DAY, last + 1):
        above = column_range(column, FIRST_ROW, max(row - 1, FIRST_ROW))
        text = sum_formula(above, "time", site) if column <= last_day else f"=SUM({above})"
        small = -2 if column <= last_day else -1
        paper.formula(row, column, text, shape=_SHAPE, bold=column > last_day, scale=small)


def _legend(site: Site, words: Words) -> list[tuple[str, str]]:
    work = site.work
    return [
        (work.full, words("legend_full")),
        (work.half, words("legend_half")),
        (work.rest, words("legend_rest")),
        (work.doubtful, words("legend_doubtful")),
        *((symbol, meaning.name) for symbol, meaning in site.all_symbols().items()),
        (f"{work.half}P", words("legend_half_leave")),
        (f"{work.full}/P", words("legend_mixed")),
    ]
