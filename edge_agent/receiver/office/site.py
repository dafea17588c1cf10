"""What a site says of itself, in one TOML file that a clerk imports: whose sheet it is, its days of
rest and holidays, its symbols, its hours, its numbers for other programs.
"""

import re
import tomllib
from collections import Counter
from datetime import date, timedelta
from typing import Literal

import msgspec
from msgspec import Struct, field

from ...contract.errors import BadRequest
from ...contract.language import Message
from ..databases.database import Database
from ..toml_place import toml_problem
from .journal import MOST_DETAILS, Who, enter, standing, turn

Counts = Literal["piece", "paid", "part", "insurance", "unpaid", "none"]
"""In which sum of the sheet a symbol's days are: ``piece`` work, ``paid`` in full or in ``part``,
by social ``insurance``, ``unpaid``, or in ``none``."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Symbol(Struct, frozen=True, forbid_unknown_fields=True):
    """What a symbol means, for the legend, and where its days count."""

    name: str
    counts: Counts = "none"


_SYMBOLS = {
    "SP": Symbol("Lương sản phẩm", "piece"),
    "P": Symbol("Nghỉ phép", "paid"),
    "L": Symbol("Nghỉ lễ, tết", "paid"),
    "H": Symbol("Hội nghị, học tập", "paid"),
    "NB": Symbol("Nghỉ bù", "paid"),
    "LĐ": Symbol("Lao động nghĩa vụ", "paid"),
    "N": Symbol("Ngừng việc", "part"),
    "Ô": Symbol("Ốm, điều dưỡng", "insurance"),
    "CO": Symbol("Con ốm", "insurance"),
    "TS": Symbol("Thai sản", "insurance"),
    "T": Symbol("Tai nạn", "insurance"),
    "KL": Symbol("Nghỉ không lương", "unpaid"),
}


class Work(Struct, frozen=True, forbid_unknown_fields=True):
    """The symbols of days that were worked: whole, half, as overtime only; and what is doubtful."""

    full: str = "+"
    half: str = "½"
    rest: str = "LT"
    doubtful: str = "?"


class SiteNumbers(Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers by which other programs know workers and gates, where no code tells them."""

    workers: dict[str, int] = field(default_factory=dict)
    gates: dict[str, int] = field(default_factory=dict)


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """``day_hours``: what is beyond them on a day is overtime. A day is whole from ``full_hours``
    of work on, and half from ``half_hours`` on. ``fixed_holidays``: those of every year, as 04-30.
    """

    unit: str = ""
    department: str = ""
    day_hours: float = 8
    full_hours: float = 6
    half_hours: float = 2
    rest_days: tuple[Weekday, ...] = ("sunday",)
    fixed_holidays: tuple[str, ...] = ("01-01", "04-30", "05-01", "09-02")
    holidays: frozenset[date] = frozenset()
    work: Work = Work()
    symbols: dict[str, Symbol] = field(default_factory=dict)
    numbers: SiteNumbers = SiteNumbers()

    def rests_on(self, day: date) -> bool:
        """Whether it is a weekly day of rest."""
        return WEEKDAYS[day.weekday()] in self.rest_days

    def is_holiday(self, day: date) -> bool:
        """Whether it is a public holiday, as far as the site has said so."""
        return day in self.holidays or f"{day:%m-%d}" in self.fixed_holidays

    def knows_year(self, year: int) -> bool:
        """Whether holidays of this year were entered: each has some that follow the moon."""
        return any(day.year == year for day in self.holidays)

    def all_symbols(self) -> dict[str, Symbol]:
        """Those of leave: the usual ones, as the site has changed them."""
        return {**_SYMBOLS, **self.symbols}

    def symbol(self, typed: str) -> str:
        """The symbol that is meant, in whatever case. Raises BadRequest where it is none."""
        known = {symbol.casefold(): symbol for symbol in self.all_symbols()}
        found = known.get(typed.strip().casefold())
        if found is None:
            symbols = ", ".join(known.values())
            raise BadRequest("sheet.symbol-unknown", text=typed, symbols=symbols)
        return found


_MOST_SYMBOL = 4
_NOT_IN_A_SYMBOL = set("*?~<>=\"'/ \t\r\n")
"""What a formula that counts symbols would read as more than a letter, and what joins two."""


def read_site(text: str) -> Site:
    """The settings in a TOML text. Raises BadRequest that says what is wrong with them."""
    try:
        site = msgspec.convert(tomllib.loads(text), Site)
    except tomllib.TOMLDecodeError as error:
        raise BadRequest("sheet.site-problems", problems=[toml_problem(error)]) from error
    except msgspec.ValidationError as error:
        raise BadRequest("sheet.site-problems", problems=[_wrong(str(error))]) from error
    if problems := _problems(site):
        raise BadRequest("sheet.site-problems", problems=problems)
    return site


def _wrong(told: str) -> Message:
    """What msgspec says, for whoever keeps the file."""
    if unknown := re.search(r"unknown field `(.*?)`", told):
        return Message("sheet.site-unknown", name=unknown[1])
    place = re.search(r"at `(?:key in )?\$\.?(.*?)`", told)
    return Message("sheet.site-kind", where=place[1] if place else "TOML")


def _problems(site: Site) -> list[Message]:
    found = []
    if not 0 < site.half_hours <= site.full_hours <= site.day_hours <= 24:
        found.append(Message("sheet.site-hours"))
    for fixed in site.fixed_holidays:
        try:
            date.fromisoformat(f"2028-{fixed}")  # A leap year.
        except ValueError:
            found.append(Message("sheet.site-fixed", text=fixed))
    worked = [site.work.full, site.work.half, site.work.rest]
    written = [*worked, *site.symbols]
    for symbol in written:
        if not 0 < len(symbol) <= _MOST_SYMBOL or _NOT_IN_A_SYMBOL & set(symbol):
            found.append(Message("sheet.site-symbol", symbol=symbol))
    every = [*worked, *site.all_symbols()]
    folded = [symbol.casefold() for symbol in every]
    found += [
        Message("sheet.site-symbol-twice", symbol=every[n])
        for n, symbol in enumerate(folded)
        if symbol in folded[:n]
    ]
    for what in (site.numbers.workers, site.numbers.gates):
        shared = sorted(number for number, count in Counter(what.values()).items() if count > 1)
        found += [Message("sheet.site-number-twice", number=number) for number in shared]
        low = sorted(name for name, number in what.items() if not 0 < number < 10**9)
        found += [Message("sheet.site-number-range", name=name) for name in low]
    return found


def days_between(first: date, last: date) -> list[date]:
    """All days from ``first`` to ``last``."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def site_in_force(database: Database, then: str | None = None) -> Site:
    """What the site has said last, up to the moment ``then`` (UTC); else the usual."""
    rows = [row for row in standing(database, "site") if then is None or row.made_at <= then]
    return read_site(rows[-1].details or "") if rows else Site()


def site_text(database: Database) -> str | None:
    """The TOML text as it was imported; None: nothing was."""
    rows = standing(database, "site")
    return rows[-1].details if rows else None


def import_site(database: Database, who: Who, text: str) -> Site:
    """From now on this holds. Raises BadRequest where it cannot be used."""
    site = read_site(text)
    if len(text) > MOST_DETAILS:
        raise BadRequest("sheet.site-too-large", most=MOST_DETAILS)
    with turn(database):
        enter(database, who, "site", details=text)
    return site
