"""The one list of what a person has to decide before a period can be signed.

Each item has its evidence and proposals, and each proposal what would be entered. Nothing is
decided here, and nothing is paid from here: what was decided is a correction, and an item that
stays as it is, is one too (``keep``). That holds for the evidence it was given for: when something
more arrives, the item is there again.
"""

import hashlib
from collections.abc import Iterable
from math import inf

import msgspec
from msgspec import structs

from ....contract.corrections import Addition, Today, said_moment
from ....contract.errors import BadRequest
from ....contract.people import Employment, Holders
from ....contract.stamps import parse_time
from ...databases.database import Database
from ...roster.known_workers import holders
from ...worktime.shifts import ZONE
from ..correct import enter_addition, enter_move, enter_void
from ..journal import Who, enter, standing, turn
from ..period import Period
from .doubts import doubts
from .items import Item, Step, belongs
from .others import forks, gaps, going_on, renamed, undated, unknown, unreadable, writing


def settle(database: Database, period: Period, now: str) -> list[Item]:
    """What is left to decide of a period, by worker and day; empty: it can be signed.

    What has no date is in every period that it may belong to. ``now``: a session that may still
    be going on then is nothing to decide.
    """
    kept = {row.details for row in standing(database, "keep")}
    named = _Names(holders(database))
    found = [
        item
        for item in (
            *doubts(database, period, parse_time(now)),
            *undated(database),
            *unknown(database, period),
            *unreadable(database),
            *forks(database),
            *gaps(database),
            *renamed(database),
            *writing(database),
            *going_on(database),
        )
        if belongs(item, period)
    ]
    order = sorted(found, key=lambda one: (one.code or "~", one.date or one.not_before or ""))
    sure = _Sure(database, now)
    left = (item for item in map(_with_key, order) if item.key not in kept)
    return [named.told(sure.told(item)) for item in left]


def take(database: Database, who: Who, item: Item, number: int) -> list[int]:
    """Enter what the proposal ``number`` (from 1) of an item says, all of it or nothing.

    Returns the corrections' numbers. Raises BadRequest where there is no such proposal, something
    of it has to be filled in, or an entry is refused.
    """
    if not 1 <= number <= len(item.proposals):
        raise BadRequest("clerk.no-proposal", key=item.key, number=number)
    proposal = item.proposals[number - 1]
    if not proposal.complete:
        raise BadRequest("clerk.no-time", key=item.key, number=number)
    with turn(database):
        return [_enter(database, who, item, step) for step in proposal.steps]


def keep_as_it_is(database: Database, who: Who, item: Item) -> int:
    """A person has looked at it; returns the correction's number."""
    with turn(database):
        return _keep(database, who, item)


def _keep(database: Database, who: Who, item: Item) -> int:
    return enter(database, who, "keep", code=item.code, day=item.date, details=item.key)


def _enter(database: Database, who: Who, item: Item, step: Step) -> int:
    if step.what == "keep":
        return _keep(database, who, item)
    if step.what == "add":
        assert step.code is not None
        assert step.at is not None
        return enter_addition(
            database, who, step.code, step.at,
            zone=ZONE.key, direction=step.direction, gate=step.gate, force=step.force,
        )  # fmt: skip
    assert step.ledger is not None
    if step.what == "owner":
        return enter(database, who, "owner", ledger=step.ledger, gate=step.gate)
    assert step.seq is not None
    if step.what == "successor":
        return enter(
            database, who, "successor",
            ledger=step.ledger, seq=step.seq, gate=step.gate, details=step.other_gate,
        )  # fmt: skip
    if step.what == "void":
        return enter_void(database, who, step.ledger, step.seq)
    return enter_move(
        database, who, step.ledger, step.seq, step.at,
        zone=ZONE.key, direction=step.direction, force=step.force,
    ).number  # fmt: skip


def item_of(items: Iterable[Item], key: str) -> Item:
    """The item that ``key`` names. Raises BadRequest where nothing is left to decide of it."""
    for item in items:
        if item.key == key:
            return item
    raise BadRequest("clerk.no-item", key=key)


class _Sure:
    """What is proposed has its evidence, and is no slip: where the gates' rule would ask back, the
    answer is in the command."""

    def __init__(self, database: Database, now: str) -> None:
        self._today = Today(parse_time(now))
        self._employed = {
            code: Employment(active=active != 0, valid_from=valid_from, valid_to=valid_to)
            for code, active, valid_from, valid_to in database.query(
                "SELECT code, active, valid_from, valid_to FROM known_workers"
            )
        }

    def told(self, item: Item) -> Item:
        proposals = [
            structs.replace(one, steps=[self._step(item, step) for step in one.steps])
            for one in item.proposals
        ]
        return structs.replace(item, proposals=proposals)

    def _step(self, item: Item, step: Step) -> Step:
        at = step.at or (step.day and f"{step.day}T12:00")
        code = step.code or item.code
        if step.what not in ("add", "move") or not at or code is None:
            return step
        try:
            addition = Addition(code=code, at_ms=said_moment(at, ZONE), zone=ZONE)
            addition.check(self._today, self._employed.get(code), [], force=False)
        except BadRequest:
            return structs.replace(step, force=True)
        return step


class _Names:
    """Whose a code was then."""

    def __init__(self, had_by: Holders) -> None:
        self._had_by = had_by

    def told(self, item: Item) -> Item:
        if item.code is None:
            return item
        told = [one.at for one in item.presses if one.at] + [item.not_before or item.not_after]
        when = next((parse_time(at) for at in told if at), inf)
        return structs.replace(item, name=self._had_by.at(item.code, when))


def _with_key(item: Item) -> Item:
    """Known by its evidence and its proposals: what is copied from a list does what that says."""
    return structs.replace(item, key=hashlib.sha256(msgspec.json.encode(item)).hexdigest()[:10])
