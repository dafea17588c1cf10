"""Who is near the law's limits, or over them: told beside the form, and applied to nothing."""

from datetime import date

from ....contract.language import Message
from .paper import DATE, Paper
from .roll import Roll
from .words import Words

_COLUMNS = {"code": 11, "name": 26, "date": 12, "limit_state": 9, "limit": 62}
"""The columns, with their widths."""

_FIRST_ROW = 5


def limits_remark(roll: Roll, words: Words) -> list[str]:
    """The line at the foot of a form for whoever signs; none where there is nothing to tell."""
    people = {one.code for one in roll.warned}
    return [words("limits_left", count=len(people))] if people else []


def draw_limits(paper: Paper, roll: Roll, words: Words) -> None:
    """One row for each limit that somebody is near, or over."""
    paper.put(1, 1, words("title_limits"), bold=True, scale=2, align="left", lined=False)
    paper.put(2, 1, words("limits_told"), align="left", lined=False)
    for column, name in enumerate(_COLUMNS, start=1):
        paper.put(_FIRST_ROW - 1, column, words(name), bold=True, fill="head", wrap=True)
    names = {one.code: one.name for one in roll.people}
    for row, one in enumerate(roll.warned, start=_FIRST_ROW):
        state = Message("clerk.over" if one.over else "clerk.near")
        paper.put(row, 1, one.code)
        paper.put(row, 2, names[one.code], align="left")
        paper.put(row, 3, one.date and date.fromisoformat(one.date), shape=DATE)
        paper.put(row, 4, words.of(state), bold=one.over, fill="doubt" if one.over else None)
        paper.put(row, 5, words.of(one.told), align="left")
    last = _FIRST_ROW + len(roll.warned) - 1
    paper.sheet.freeze_panes = f"A{_FIRST_ROW}"
    paper.widths(_COLUMNS.values())
    paper.printed((_FIRST_ROW - 1, _FIRST_ROW - 1), last, len(_COLUMNS))
