"""What is to be decided: an item, its evidence, and the ways to settle it."""

from typing import Literal

from msgspec import Struct

from ....contract.stamps import local_date, local_time, parse_time
from ...worktime.shifts import ZONE
from ..correct import Direction
from ..period import Period

Kind = Literal[
    "missing",
    "two-readings",
    "two-shifts",
    "no-shift",
    "too-long",
    "too-short",
    "extra",
    "contradiction",
    "going-on",
    "not-covered",
    "no-time",
    "pending-time",
    "unknown-worker",
    "unreadable",
    "fork",
    "gap",
    "renamed",
    "other-writer",
    "successor",
    "second-successor",
]


class ItemPress(Struct, frozen=True, kw_only=True):
    """A press as evidence. ``direction`` is evidence too, and ``guess`` what the gate showed."""

    ledger: str
    seq: int
    at: str | None = None
    gate: str | None = None
    direction: Direction | None = None
    guess: str | None = None
    not_before: str | None = None
    not_after: str | None = None


class Step(Struct, frozen=True, kw_only=True):
    """A correction that would be entered.

    ``at`` None in an ``add`` or a ``move``: whoever decides has to say when, on ``day``. ``force``:
    it would be asked back, because the worker has left since, or it was long ago.
    """

    what: Literal["add", "void", "move", "keep", "owner", "successor"]
    code: str | None = None
    at: str | None = None
    day: str | None = None
    direction: Direction | None = None
    gate: str | None = None
    other_gate: str | None = None
    ledger: str | None = None
    seq: int | None = None
    force: bool = False


class Proposal(Struct, frozen=True, kw_only=True):
    """One way to settle an item, by the name of its words, with what it would come to.

    ``sessions`` are pairs of moments, and what is to be added of them begins with "+". ``seconds``
    is what would be paid as worked then, where that is known.
    """

    name: str
    steps: list[Step]
    sessions: list[tuple[str | None, str | None]] = []
    seconds: int | None = None
    shift: str | None = None
    meant: str | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be filled in."""
        return all(map(_says_all, self.steps))


def _says_all(step: Step) -> bool:
    turns = step.what == "move" and step.direction is not None
    return step.what not in ("add", "move") or step.at is not None or turns


class Item(Struct, frozen=True, kw_only=True):
    """One thing to decide. ``key`` names it, and changes with its evidence.

    ``date`` is the working day; where that is not known, it was between ``not_before`` and
    ``not_after``. ``other_gate``: the one that ``gate`` says to be, or whose ledger it writes.
    """

    key: str = ""
    kind: Kind
    code: str | None = None
    name: str | None = None
    date: str | None = None
    gate: str | None = None
    other_gate: str | None = None
    ledger: str | None = None
    shift: str | None = None
    not_before: str | None = None
    not_after: str | None = None
    presses: list[ItemPress] = []
    seqs: list[int] = []
    former_name: str | None = None
    proposals: list[Proposal] = []


KEEP = Proposal(name="keep", steps=[Step(what="keep")])


def belongs(item: Item, period: Period) -> bool:
    if item.date is not None:
        return period.may_have(item.date, item.date)
    return period.may_have(day_of(item.not_before), day_of(item.not_after))


def day_of(moment: str | None) -> str | None:
    return None if moment is None else local_date(parse_time(moment), ZONE)


def typed(moment: str | None) -> str | None:
    """As a person types it: local, to the minute, or to the second where there are any."""
    if moment is None:
        return None
    local = local_time(parse_time(moment), ZONE)
    return local[:16] if local[16:19] == ":00" else local[:19]
