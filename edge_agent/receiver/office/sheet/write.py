"""One form as a file for Excel: the form, who is near the law's limits, and the sheet that says
where each cell comes from."""

from pathlib import Path
from typing import IO, Literal

from ....contract.atomic_file import new_private_file
from ....contract.errors import BadRequest, StoreFault
from .roll import Roll
from .words import Language, Words

Form = Literal["01a", "01b", "days", "sessions"]

_MONTHLY = ("01a", "01b")
_MOST_DAYS = 31
"""What a form with a column for each day has room for."""


def write_sheet(roll: Roll, form: Form, language: Language, target: Path) -> None:
    """Write the new file ``target``, complete or not at all, for its owner only: it has names.

    Raises BadRequest, StoreFault.
    """
    if target.suffix.lower() != ".xlsx":
        raise BadRequest("sheet.no-xlsx", path=target)
    if form in _MONTHLY and len(roll.period.days()) > _MOST_DAYS:
        raise BadRequest("sheet.too-long", form=form, most=_MOST_DAYS)
    if not roll.people:
        raise BadRequest("sheet.nobody")
    with new_private_file(target) as file:
        draw(roll, form, language, file)


def draw(roll: Roll, form: Form, language: Language, file: IO[bytes]) -> None:
    """The whole workbook. Its formulas are calculated by whoever opens it."""
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise StoreFault("sheet.no-openpyxl") from error
    from .form_01a import draw_01a
    from .form_01b import draw_01b
    from .form_days import draw_days_form
    from .form_limits import draw_limits
    from .form_sessions import draw_sessions
    from .paper import Paper
    from .trace import draw_sources

    drawn = {
        "01a": draw_01a,
        "01b": draw_01b,
        "days": draw_days_form,
        "sessions": draw_sessions,
    }
    words = Words(language)
    book = Workbook()
    book.calculation.fullCalcOnLoad = True
    book.properties.creator = "edge-agent"
    book.properties.title = words(f"sheet_{form}")
    sheet = book.active
    assert sheet is not None
    sheet.title = words(f"sheet_{form}")
    traces = drawn[form](Paper(sheet), roll, words)
    if roll.warned:
        draw_limits(Paper(book.create_sheet(words("sheet_limits"))), roll, words)
    draw_sources(Paper(book.create_sheet(words("sheet_sources"))), traces, words)
    book.save(file)
