"""Until when each gate has delivered: what was pressed later is in no file yet."""

from datetime import datetime, time
from typing import Literal

from msgspec import Struct

from ...contract.kinds import RETIRED
from ...contract.stamps import local_time
from ..databases.database import Database
from ..databases.views import ELSEWHEN
from ..moments import moment_of
from ..worktime.shifts import ZONE
from .period import Period

Lacking = Literal["later", "between", "all"]


class Delivered(Struct, frozen=True):
    """A gate that has not delivered all of a period, as far as is known here.

    ``lacking``: what came ``later`` than ``until``, some of it (a gap in its ledger), or, where
    nothing with a time has come (``until`` None), ``all``.
    """

    gate: str
    until: str | None
    lacking: Lacking


_AT = f"""(SELECT o.at FROM entries o WHERE o.ledger = l.ledger AND o.at IS NOT NULL
    AND o.kind NOT IN ({ELSEWHEN}) AND o.seq {{}} LIMIT 1)"""


def not_delivered(database: Database, period: Period, *, gaps: bool = True) -> list[Delivered]:
    """The gates in use that may still hold presses of the period, by their names.

    ``gaps``: also those whose ledger has one. A gate speaks every hour: one that has nothing new to
    tell has delivered until then.
    """
    latest: dict[str, tuple[int, bool]] = {}
    found: dict[str, Delivered] = {}
    for gate, beyond, before, after, kind in database.query(
        f"SELECT l.gate, l.beyond, {_AT.format('<= l.through ORDER BY o.seq DESC')},"
        f" {_AT.format('>= l.beyond ORDER BY o.seq')},"
        " (SELECT e.kind FROM entries e WHERE e.ledger = l.ledger AND e.seq = l.through)"
        " FROM ledgers l WHERE l.gate NOT IN (SELECT h.former FROM heirs h) ORDER BY l.gate"
    ):
        low, high = moment_of(before), moment_of(after)
        if gaps and beyond is not None and period.may_have(low.day, high.day):
            found[gate] = Delivered(gate, low.at, "between")
        reached = max(low.at_ms or 0, high.at_ms or 0)
        latest[gate] = max(latest.get(gate, (0, False)), (reached, kind == RETIRED))
    end = datetime.combine(period.end, time(), ZONE)
    for gate, (reached, retired) in latest.items():
        if gate not in found and not retired and reached < end.timestamp() * 1000:
            at = local_time(reached, ZONE) if reached else None
            found[gate] = Delivered(gate, at, "later" if reached else "all")
    return [found[gate] for gate in sorted(found)]
