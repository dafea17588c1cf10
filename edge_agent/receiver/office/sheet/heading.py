"""What stands above and below the rows of both forms: whose sheet, which days, who signs."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from ..site import Site
from .paper import Paper
from .reckon import Reckoned
from .roll import Roll
from .words import Words

FIRST_DAY = 5
"""The column of the first day: number, code, name and one more stand before it."""
HEAD = 6
"""The first of the rows that stand on every page."""
FIRST_ROW = 10
PER_PAGE = 30
"""Rows of people on a page."""
_LEGEND_COLUMNS = (1, FIRST_DAY, FIRST_DAY + 8)
_LEGEND_LINES = 7
_SIGNED_FROM = FIRST_DAY + 16
_ROOM_BESIDE = _SIGNED_FROM + 11
"""The last column of a sheet that has room for the signatures beside the legend: of few days they
stand below it."""


def draw_heading(paper: Paper, roll: Roll, words: Words, form: str, last: int) -> None:
    """Whose sheet it is, its number, its title, its days."""
    right = max(FIRST_DAY - 1, last - 11)
    for row, name, value in (
        (1, "unit", roll.site.unit),
        (2, "department", roll.team or roll.site.department),
    ):
        shown = f"{words(name)}: {value or '.' * 40}"
        paper.put(row, 1, shown, bold=bool(value), align="left", lined=False)
    paper.across(1, right, last, f"{words('form')}: {form}-LĐTL", bold=True, lined=False)
    paper.across(2, right, last, words("by_circular"), rows=2, scale=-2, wrap=True, lined=False)
    paper.across(3, 1, right - 1, words(f"title_{form}"), bold=True, scale=4, lined=False)
    paper.across(4, 1, right - 1, told_period(roll, words), bold=True, lined=False)
    for row, height in ((1, 13), (2, 13), (3, 20), (4, 14), (5, 13)):
        paper.height(row, height)


def draw_standing(paper: Paper, roll: Roll, words: Words, doubtful: int, last: int) -> None:
    """How many cells a person has to decide on, for whoever is about to sign."""
    said = words("doubtful", count=doubtful) if doubtful else words("nothing_doubtful")
    if roll.closed:
        said = f"{words('closed', on=roll.closed)}. {said}"
    fill = "doubt" if doubtful else None
    paper.across(5, 1, last, said, bold=bool(doubtful), scale=-1, lined=False, fill=fill)


def told_period(roll: Roll, words: Words) -> str:
    """The month, or from which day to which."""
    period = roll.period
    if period.is_month:
        return words("month", month=f"{period.first:%m}", year=period.first.year)
    return words("from_to", first=period.first, last=period.last)


def draw_days(paper: Paper, roll: Roll, words: Words) -> None:
    """The days, real dates of which the number is shown, and their weekdays."""
    days = roll.period.days()
    if roll.period.is_month:
        paper.across(HEAD, FIRST_DAY, FIRST_DAY + len(days) - 1, words("days"), bold=True)
    else:
        column = FIRST_DAY
        for (year, month), group in groupby(days, key=lambda day: (day.year, day.month)):
            count = len(list(group))
            said = words("month", month=f"{month:02}", year=year) if count > 4 else f"{month:02}"
            paper.across(HEAD, column, column + count - 1, said, bold=True)
            column += count
    for column, day in enumerate(days, start=FIRST_DAY):
        shade = shade_of(day, roll.site)
        paper.put(HEAD + 1, column, day, bold=True, fill=shade, shape="d")
        paper.put(HEAD + 2, column, words.weekday(day), scale=-1, fill=shade)
        paper.put(HEAD + 3, column, column - FIRST_DAY + 1, scale=-2, fill=shade, shape="0")


def draw_columns_before(paper: Paper, words: Words, names: Sequence[str]) -> None:
    """The titles of the columns before the days, with the form's letters."""
    letters = ("A", "", "B", "C")
    for column, (name, letter) in enumerate(zip(names, letters, strict=True), start=1):
        small = -2 if name in ("grade", "part_of_day", "number") else 0
        paper.across(HEAD, column, column, words(name), rows=3, bold=True, wrap=True, scale=small)
        paper.put(HEAD + 3, column, letter, scale=-2)


def break_pages(paper: Paper, rows: int, each: int) -> None:
    """A new page after every ``each`` of the ``rows`` that people have."""
    for done in range(each, rows, each):
        paper.new_page_after(FIRST_ROW + done - 1)


def shade_of(day: date, site: Site) -> str | None:
    """How a day's column is shaded."""
    if site.is_holiday(day):
        return "holiday"
    return "rest" if site.rests_on(day) else None


def fill_of(reckoned: Reckoned, shade: str | None) -> str | None:
    """How a cell is shaded: doubt is stronger than a day of rest."""
    return "doubt" if reckoned.doubts else shade


def draw_foot(
    paper: Paper,
    row: int,
    last: int,
    words: Words,
    legend: Sequence[tuple[str, str]],
    remarks: Sequence[str],
    middle: str = "head_of_department",
) -> int:
    """What the symbols mean, and beside it who signs; returns the last row."""
    paper.put(row, 1, words("legend"), bold=True, align="left", lined=False, scale=-1)
    beside = last >= _ROOM_BESIDE
    blocks = len(_LEGEND_COLUMNS) if beside else 1
    lines = min(len(legend), max(_LEGEND_LINES, -(-len(legend) // blocks)))
    for n, (symbol, meaning) in enumerate(legend):
        block, line = divmod(n, lines)
        said = f"{symbol}: {meaning}"
        place = (row + 1 + line, _LEGEND_COLUMNS[block])
        paper.put(*place, said, align="left", lined=False, scale=-2)
    for line, remark in enumerate(remarks, start=row + lines + 1):
        paper.put(line, 1, remark, align="left", lined=False, scale=-2)
    end = row + lines + len(remarks)
    if beside:
        end = max(end, _draw_signatures(paper, row, _SIGNED_FROM, last, words, middle))
    else:
        end = _draw_signatures(paper, end + 1, 1, last, words, middle)
    for line in range(row, end + 1):
        paper.height(line, 12)
    return end


def _draw_signatures(
    paper: Paper, row: int, first: int, last: int, words: Words, middle: str
) -> int:
    """The three who sign, from column ``first`` on; returns the last row, with room to sign."""
    width = (last - first + 1) // 3
    for place, name in enumerate(("keeper", middle, "approver")):
        begin = first + place * width
        end = last if place == 2 else begin + width - 1
        if place == 2:
            paper.across(row, begin, end, words("signed_on"), lined=False, scale=-1)
        paper.across(row + 1, begin, end, words(name), rows=2, bold=True, lined=False, wrap=True)
        paper.across(row + 3, begin, end, words("signature"), lined=False, scale=-1)
    return row + 8
