"""What was erased does not come back with a database that was restored from before it.

The database does not know of it. What is kept of the people beside it does, where it is of a later
state; where that is not certain either, it is for payroll or a person to say.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from ....contract.facts import WhyOpened
from ....contract.messages import ErasedWorker
from ...erasure import not_reached
from ..store.metadata import ERASURES_UNKNOWN
from ..store.people_rows import row_sum
from ..store.people_snapshot import PeopleSnapshot

if TYPE_CHECKING:
    from .handover import Handover

_FROM_BEFORE: frozenset[WhyOpened] = frozenset(
    {"restored-backup", "cloned-card", "payroll-is-ahead", "forked"}
)
"""Why a ledger is left whose database may be older than what its gate has done."""


def erased_beside(beside: PeopleSnapshot | None, gate: str) -> list[ErasedWorker]:
    """Whose erasures are known beside the database; another gate's say nothing of this one."""
    if beside is None or beside.gate != gate:
        return []
    return beside.erased or []


def hand_over_erasures(
    handover: Handover, why: WhyOpened, beside: PeopleSnapshot | None, gate: str
) -> None:
    """Have the next ledger know what is known beside the old one's database.

    What only that knows is owed: it is done again. Where there may be more, the next ledger asks.
    """
    rows = handover.rows
    known = {(row["ledger"], row["seq"]) for row in rows.setdefault("erased", [])}
    owed = [
        {**structs.asdict(one), "owed": 1}
        for one in erased_beside(beside, gate)
        if (one.ledger, one.seq) not in known
    ]
    rows["erased"] += [{**row, "sum": row_sum("erased", row)} for row in owed]
    asked_before = beside is not None and beside.gate == gate and beside.asks
    if asked_before or (why in _FROM_BEFORE and not _is_later(beside, handover, why)):
        others = [row for row in rows["remembered"] if row["key"] != ERASURES_UNKNOWN]
        rows["remembered"] = [*others, {"key": ERASURES_UNKNOWN, "value": why}]


def databases_named(handover: Handover) -> list[str]:
    """The databases of which an erasure says that they were not reached, whether or not they lie
    here still. What does not say it any more, for it is damaged, must stop no start."""
    found = list[str]()
    for row in handover.rows.get("erasures", ()):
        with suppress(msgspec.DecodeError, TypeError):
            found += not_reached(row.get("document"))
    return found


def _is_later(beside: PeopleSnapshot | None, handover: Handover, why: WhyOpened) -> bool:
    """Whether what lies beside the database was not set back with it.

    A copy that was put in the database's place leaves it as it was; a whole card goes back at once.
    """
    return (
        why == "restored-backup"
        and beside is not None
        and beside.erased is not None
        and beside.ledger == handover.previous.ledger
    )
