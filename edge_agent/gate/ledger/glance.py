"""What a glance at a gate shows of its ledger: who may punch, who did last, and what waits."""

from collections.abc import Collection
from itertools import pairwise
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, to_builtins

from ...contract.attendance import attendance
from ...contract.chain import stamp_of
from ...contract.corrections import ONE_PRESS_MS
from ...contract.facts import RecordingStopped
from ...contract.kinds import CREDITS, kind_of
from ...contract.people import Employment
from ...contract.people_facts import (
    ConsentWithdrawn,
    PrintRestored,
    WorkerAdded,
    WorkerChanged,
    WorkerLeavePlanned,
    WorkerLeft,
)
from ...contract.stamps import DAY_MS, Stamp, elapsed, parse_time, true_time
from ..erasure import Leavers, old_databases
from ..sealed_backups import in_none_of
from .left_ledgers import WHY
from .store.sqlite_store import SqliteStore

_LATEST = 50
"""Entries about punches: many are about one where voids and times come late."""

_TOLD_MS = 7 * DAY_MS
"""By then whoever looks for a punch has looked at payroll's."""

_AMONG = 3000
"""Of so many entries at the end; a gate that nobody uses has few about punches."""


def disputed_leavers(store: SqliteStore, today: str | None) -> Leavers:
    """``today``: None where the clock is not to be believed, by which nobody's dates count."""
    leavings = store.leavings()
    left = (store.worker(code) for code, one in sorted(leavings.items()) if one.left)
    return Leavers(
        left_here=[one.code for one in left if one is not None and _works(one.listed, today)],
        left_at_payroll=[code for code in store.kept_of_delisted() if code not in leavings],
    )


def last_stop(store: SqliteStore, code: str) -> dict[str, Any] | None:
    """The entry since which this gate refuses a worker, by its own word; None: it is not here. A
    name that was corrected meanwhile stands in later ones."""
    stop = None
    for _, data in store.newest_first(_ENTERED):
        if data["worker"] != code or data["actor"] == "payroll":
            continue
        if data.get("active", True):
            break
        stop = data
    return stop


_ENTERED = (kind_of(WorkerAdded), kind_of(WorkerChanged))


def refused_since(store: SqliteStore, stop: dict[str, Any], zone: ZoneInfo) -> list[str]:
    """When a worker pressed since they were stopped, and was refused for that, in local time: the
    last few, as far as it is known still whose they were. Who presses again at once has pressed."""
    times, last_ms = list[str](), -inf
    for seq in store.attempts_of(stop["worker"]):
        if seq < stop["seq"]:
            continue
        data = store.data_of(store.entries(seq, 1)[0])
        at = true_time(stamp_of(data), zone) if data["reason"] == "deactivated" else None
        if at is not None and (at_ms := parse_time(at)) - last_ms >= ONE_PRESS_MS:
            times.append(at)
            last_ms = at_ms
    return times[-_FEW:]


_FEW = 5


def _works(listed: Employment | None, today: str | None) -> bool:
    if listed is None or not listed.active:
        return False
    first, last = listed.valid_from, listed.valid_to
    return today is None or ((first is None or first <= today) and (last is None or today <= last))


def glance(
    store: SqliteStore, confirmed: int, zone: ZoneInfo, today: str | None = None
) -> dict[str, Any]:
    """``workers``: how many may punch. ``credentials``: how many cards, PINs and QR
    codes. ``last_punch``: whose, when and which way, None: there is
    none among the last entries. ``waiting_since``: the local time of the oldest entry after
    ``confirmed``, None: there is none, or its time is not known. ``held_back``: the codes of other
    people's prints. ``left_here``, ``left_at_payroll``: of Leavers. Raises StoreFault.
    """
    return {
        "workers": store.count_workers() - _left(store),
        "credentials": len(store.credentials()),
        "last_punch": _last_punch(store, zone),
        "held_back": sorted(store.held_back()),
        **to_builtins(disputed_leavers(store, today)),
        "waiting_since": waiting_since(store, confirmed),
    }


def waiting_since(store: SqliteStore, confirmed: int) -> str | None:
    """When the oldest entry beyond ``confirmed`` was written; None: there is none, or its time is
    not known. Raises StoreFault.
    """
    oldest = oldest_waiting(store, confirmed)
    return oldest.get("at") if oldest else None


def oldest_waiting(store: SqliteStore, confirmed: int) -> dict[str, Any] | None:
    """What tells since when entries beyond ``confirmed`` wait, None: none does. That nobody looked
    at the glass is written once somebody does again, and has the time from which nobody did: it
    waits no longer than what follows it. Raises StoreFault.
    """
    waiting = [store.data_of(one) for one in store.entries(confirmed + 1, 2)]
    away = (kind_of(RecordingStopped), "away")
    written = [one for one in waiting if (one["kind"], one.get("reason")) != away]
    return next(iter([*written, *waiting]), None)


def restored(store: SqliteStore, now: Stamp) -> bool:
    """Whether the ledger began, not long ago, with a backup that was put back, or with another copy
    that payroll knew more of: what came after that stands at payroll only. Raises StoreFault.
    """
    return _began_lately(store, now, "restored-backup", "payroll-is-ahead")


def renamed(store: SqliteStore, now: Stamp) -> bool:
    """Whether the ledger began, not long ago, because the gate's id was changed."""
    return _began_lately(store, now, WHY)


def began_instead(store: SqliteStore) -> Stamp | None:
    """When this ledger began, where that was in the place of a damaged one, or of a copy from
    before: its lists may lack what stood in those. None: it did not. Raises StoreFault.
    """
    began = beginning(store)
    return began.at if began.why in _LOST_SOME else None


_OF_A_COPY = ("restored-backup", "payroll-is-ahead")
_LOST_SOME = ("damaged", *_OF_A_COPY)


class Beginning(Struct, frozen=True):
    """How ``ledger`` began, ``at`` a time: ``why``, and in the place of which one, ``previous``;
    None: not known, or of none."""

    ledger: str
    at: Stamp
    why: str | None
    previous: str | None

    def lacks_some(self, read: Collection[str]) -> bool:
        """Whether there may be more from before it than the ledgers that are ``read`` tell: where
        the one before was a copy, what came after that stands in another file."""
        if self.why in (None, "first-start"):
            return False
        return self.previous not in read or self.why in _OF_A_COPY


def beginning(store: SqliteStore) -> Beginning:
    """How a ledger began; not known where its first entry was pruned. Raises StoreFault."""
    [first] = store.entries(1, 1)  # As below.
    opened = store.data_of(first)
    previous = opened.get("previous") or {}
    why, before = opened.get("why"), previous.get("ledger")
    return Beginning(store.ledger, stamp_of(opened), why, before)


def unlisted(store: SqliteStore) -> int:
    """How many prints are said to be in a backup by what a damaged ledger has left, while the list
    has none that holds them, and none has been restored from one since. Raises StoreFault.
    """
    if began_instead(store) is None:
        return 0
    sealed = store.backed_up()
    kept = [one for one in store.prints() if (one.slot, one.generation) in sealed]
    if not (doubted := in_none_of(kept, store.sealed_backups())):
        return 0
    restored_here = {
        (data["slot"], data["generation"])
        for _, data in store.newest_first({kind_of(PrintRestored)})
    }
    return sum((one.slot, one.generation) not in restored_here for one in doubted)


def _began_lately(store: SqliteStore, now: Stamp, *why: str) -> bool:
    [first] = store.entries(1, 1)  # Or the first that was not pruned.
    opened = store.data_of(first)
    if opened.get("why") not in why:
        return False
    began = stamp_of(opened)
    if elapsed(began, now).least >= _TOLD_MS:
        return False
    # Where nobody knows the time, what is certain is how long the gate ran, in all its boots.
    since = [began, *(mark.stamp for mark in store.landmarks() if mark.seq > first.seq), now]
    return sum(elapsed(*both).least for both in pairwise(since)) < _TOLD_MS


def erased_again(store: SqliteStore) -> list[str]:
    """The codes of whom this ledger has erased because an earlier one had, which the copy that was
    put back did not know: nor does it know who has come back since. Raises StoreFault.
    """
    before = {one.worker for one in store.erased() if one.ledger != store.ledger}
    if not before:
        return []
    kinds = {kind_of(ConsentWithdrawn), kind_of(WorkerLeft)}
    by_itself = {
        data["worker"]
        for _, data in store.newest_first(kinds)
        # It also carries out what somebody has planned; an earlier version did not say so there.
        if data["actor"] == "gate" and "last_day" not in data
    }
    planned = {data["worker"] for _, data in store.newest_first({kind_of(WorkerLeavePlanned)})}
    return sorted((before & by_itself) - planned)


def without_consent(store: SqliteStore) -> list[str]:
    """The codes of whom there are prints and no consent: where one is asked for, each of their
    touches is refused. Raises StoreFault.
    """
    return sorted({one.worker for one in store.prints()} - store.consents().keys())


def overdue(store: SqliteStore, today: str) -> dict[str, int]:
    """What is late for workers' data on a day (ISO 8601): ``backups`` of templates, ``sensors``
    that were replaced and ``databases`` that were set aside, which are to be destroyed,
    ``lost_backups`` once they are found, and ``claims`` whose day is over. Raises StoreFault.
    """
    backups = store.sealed_backups()
    return {
        "backups": sum(one.to_destroy and one.lost is None for one in backups),
        "lost_backups": sum(one.to_destroy and one.lost is not None for one in backups),
        "sensors": sum(one.to_destroy for one in store.replaced_sensors()),
        "databases": len(old_databases(store.erasures(), store.set_aside())),
        "claims": sum(one.overdue(today) for one in store.claims()),
    }


def _left(store: SqliteStore) -> int:
    """How many of those whom nobody has deactivated have left."""
    gone = (store.worker(code) for code, one in store.leavings().items() if one.left)
    return sum(worker is not None and not worker.deactivated for worker in gone)


def _last_punch(store: SqliteStore, zone: ZoneInfo) -> dict[str, Any] | None:
    counted = (
        punch
        for punch in reversed(attendance(store.latest_punches(_LATEST, _AMONG), zone))
        if punch.kind in CREDITS and punch.voided is None
    )
    if (last := next(counted, None)) is None:
        return None
    known = store.worker(last.worker)
    return {
        "seq": last.seq,
        "worker": last.worker,
        "name": known.name if known else None,
        "at": last.at,
        "direction": last.direction,
    }
