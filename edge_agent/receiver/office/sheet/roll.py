"""What a sheet is drawn from: everybody's days in a period. Times are local, without a zone."""

from collections.abc import Iterator
from datetime import date, datetime

from msgspec import Struct, field

from ..limits import Warned
from ..period import Period
from ..site import Site


class SheetPress(Struct, frozen=True):
    """One end of a session, and the entry that it comes from."""

    ledger: str
    seq: int
    at: datetime | None
    gate: str | None


class SheetSession(Struct, frozen=True, kw_only=True):
    """From an in to its out. ``seconds``, of which ``break_seconds`` lie in ``breaks``, count
    where ``status`` is ``complete``; ``why``: in one word, what is doubtful of the others.
    """

    begin: SheetPress | None
    end: SheetPress | None
    status: str
    seconds: int = 0
    break_seconds: int = 0
    breaks: tuple[tuple[datetime, datetime], ...] = ()
    shift: str | None = None
    rest_day: bool | None = None
    late: int = 0
    early: int = 0
    why: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def worked(self) -> int:
        """Seconds that count."""
        return self.seconds - self.break_seconds if self.status == "complete" else 0

    def presses(self) -> Iterator[SheetPress]:
        """Its ends, as far as they are there."""
        yield from (press for press in (self.begin, self.end) if press is not None)


class SheetLeave(Struct, frozen=True):
    """A symbol that a clerk has entered for a day, whole or half: correction ``number``."""

    symbol: str
    half: bool
    number: int


class Day(Struct, frozen=True):
    """One day of one person."""

    sessions: list[SheetSession] = field(default_factory=list)
    leave: SheetLeave | None = None


class Person(Struct, frozen=True):
    """Somebody on the roster, or who pressed; ``undated``: sessions that no day can be given."""

    code: str
    name: str
    team: str
    days: dict[date, Day]
    undated: list[SheetSession] = field(default_factory=list)


class Roll(Struct, frozen=True):
    """All that a sheet shows. ``closed``: when the period was closed, by the local date.

    ``warned``: what is near the law's limits, or over them, by what is held now.
    """

    period: Period
    site: Site
    people: list[Person]
    team: str = ""
    closed: str = ""
    warned: list[Warned] = field(default_factory=list)
