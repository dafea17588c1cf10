"""How long payroll has to keep which year, and whose hours it has of it.

What is over is told and not removed: entries are a chain, by whose gaps the receiver knows what is
missing (docs/decisions/0084).
"""

from msgspec import Struct

from ..databases.database import Database

YEARS = 10
"""As long as books of account are kept, as far as is known here: to be checked by counsel."""


class KeptYear(Struct, frozen=True, kw_only=True):
    """One year of local dates; None: of what has no date. ``punches`` of all kinds, ``workers``
    who have some. ``over``: the day from which on it need not be kept any more, None where there is
    no date.
    """

    year: int | None
    punches: int
    workers: int
    over: str | None


def kept_years(database: Database, years: int) -> list[KeptYear]:
    """Each, the oldest first; a year is kept until so many have passed since its end."""
    rows = database.query(
        "SELECT SUBSTR(day, 1, 4) AS year, COUNT(*), COUNT(DISTINCT code) FROM marks"
        " GROUP BY SUBSTR(day, 1, 4) ORDER BY 1"
    )
    told = [
        KeptYear(
            year=int(year) if year else None,
            punches=punches,
            workers=workers,
            over=f"{int(year) + years + 1}-01-01" if year else None,
        )
        for year, punches, workers in rows
    ]
    return sorted(told, key=lambda one: (one.year is None, one.year))
