"""The database, the ledger in it, and how far payroll has confirmed that."""

from contextlib import closing

from ..domain.chain import Entry, read_wire, source_of, stamp_of
from ..domain.errors import NoLedgerYet, StoreFault
from ..domain.stamps import elapsed
from ..ports import Store
from ..store import verify_ledger
from .findings import State, Verdict, passed_on
from .sentences import records as say
from .visit import Visit

_HOUR_MS = 3_600_000
_TOO_LONG_MS = 24 * _HOUR_MS


def database(visit: Visit) -> Verdict | None:
    """Whether it opens, is of this version, and is this gate's."""
    gate, path = visit.settings.gate.id, visit.assembly.database
    try:
        opened = visit.assembly.store_for_reading()
    except NoLedgerYet as not_yet:
        return passed_on(State.WARN, str(not_yet))
    except PermissionError:
        return None  # Another check tells.
    with closing(opened) as store:
        [first] = store.entries(1, 1)  # Or the first that was not pruned.
        source = read_wire(first.wire)[0].source
        if source != source_of(gate):
            owner = source.rpartition("/")[2]
            return say.DATABASE_OF_OTHER_GATE(path=path, owner=owner, gate=gate)
        said = visit.status["store"] if visit.status is not None else {}
        if said.get("state") == "failing":
            return say.DATABASE_FAILS(path=path, problem=str(said["problem"]).rstrip("."))
        damaged = [old.name for old in visit.assembly.damaged()]
        if damaged:
            return say.DATABASE_SET_ASIDE(names=", ".join(damaged))
        return say.DATABASE_OPENS(path=path, ledger=store.ledger, entries=store.tail().seq)


def payroll(visit: Visit) -> Verdict | None:
    """How many entries payroll has yet to confirm, and since when at least."""
    store = _store(visit)
    if store is None:
        return None
    with closing(store):
        marks, last = store.watermarks(), store.tail().seq
        confirmed = marks.confirmed
        if visit.status is not None:
            # The daemon knows of receipts that it has yet to write down.
            confirmed = max(confirmed, visit.status["ledger"]["confirmed_seq"])
        oldest = store.entries(confirmed + 1, 1)
    age_ms = _age_ms(visit, oldest[0]) if oldest else 0.0
    waiting = {"count": last - confirmed, "age": _age(age_ms)}
    if age_ms > _TOO_LONG_MS:
        return say.PAYROLL_SILENT(**waiting)
    if marks.rejected:
        return say.PAYROLL_REJECTED(count=marks.rejected)
    return say.PAYROLL_WAITING(**waiting) if oldest else say.PAYROLL_HAS_ALL(entries=last)


def chain(visit: Visit) -> Verdict | None:
    """Every entry and every link; only where it was asked for, because it reads everything."""
    store = _store(visit) if visit.verify else None
    if store is None:
        return None
    with closing(store):
        return say.CHAIN_UNBROKEN(entries=verify_ledger(store).seq)


def _store(visit: Visit) -> Store | None:
    """The store; None where it does not open, which another check tells."""
    try:
        return visit.assembly.store_for_reading()
    except (StoreFault, PermissionError):
        return None


def _age_ms(visit: Visit, entry: Entry) -> float:
    """How old an entry is at least, whatever the clock knew."""
    stamp = stamp_of(read_wire(entry.wire)[1])
    return max(0.0, elapsed(stamp, visit.assembly.clock.stamp()).least)


def _age(ms: float) -> str:
    hours = int(ms // _HOUR_MS)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} hours" if hours >= 2 else f"{int(ms // 60_000)} minutes"
