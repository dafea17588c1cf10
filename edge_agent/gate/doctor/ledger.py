"""The database, the ledger in it, and how far payroll has confirmed that."""

from contextlib import closing
from typing import Any

from ...contract.chain import read_wire, source_of, stamp_of
from ...contract.errors import StoreFault
from ...contract.stamps import elapsed
from ..errors import NoLedgerYet
from ..ledger.lost_people import BRING_BACK
from ..ledger.store.sqlite_store import SqliteStore
from ..ledger.store.verify import verify_ledger
from .context import CheckContext, check
from .findings import Judgement, Sentence, State, age_of, counted, passed_on

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

DATABASE_OPENS = Sentence(OK, "{path} opens: ledger {ledger}, {entries}")
DATABASE_FAILS = Sentence(
    FAIL,
    "{path} takes no entries: every press is shown as not recorded. The daemon says: {problem}",
    "see the disk below, and 'dmesg'; the gate goes on by itself once it can write again; where "
    "the kernel has closed the file system, restart the machine",
)
DATABASE_IN_RESERVE = Sentence(
    FAIL,
    "The disk is full, and {path} has only the reserve left: soon every press is not recorded. The "
    "daemon says: {problem}",
    "make room now: 'sudo journalctl --vacuum-size=50M', 'sudo apt clean'",
)
DATABASE_SET_ASIDE = Sentence(
    WARN,
    "A damaged database was set aside: {names}. The gate goes on with a new one",
    "see that payroll has everything and that nobody has to be enrolled again, then take it off "
    "the card, and replace the card",
)
PEOPLE_LOST = Sentence(
    WARN,
    "A damaged database was set aside: {names}. {lost}",
    BRING_BACK
    + "; once nobody is missed, take the damaged file off the card, and replace the card",
)
DATABASE_OF_OTHER_GATE = Sentence(
    WARN,
    "The ledger in {path} belongs to gate {owner!r}, but [gate] id is {gate!r}",
    "set it back, or start the daemon: it begins a new ledger for this gate",
)


@check("database")
def database(context: CheckContext) -> Judgement | None:
    """Whether it opens, is of this version, and is this gate's; whether the daemon can write."""
    told = context.status["store"] if context.status is not None else {}
    path, problem = context.assembly.database, told.get("problem")
    # First, for it needs no right to the database.
    if (sentence := _CANNOT_WRITE.get(told.get("state", "ready"))) is not None:
        return sentence(path=path, problem=str(problem or "no more").rstrip("."))
    opened = _opened(context)
    if problem and (opened is None or opened.state is State.OK):
        return passed_on(State.WARN, problem)
    return opened


_CANNOT_WRITE = {"failing": DATABASE_FAILS, "reserve": DATABASE_IN_RESERVE}


def _opened(context: CheckContext) -> Judgement | None:
    gate, path = context.settings.gate.id, context.assembly.database
    try:
        opened = context.assembly.store_for_reading()
    except NoLedgerYet as not_yet:
        return passed_on(State.WARN, str(not_yet))
    except PermissionError:
        return None  # Another check tells.
    with closing(opened) as store:
        [first] = store.entries(1, 1)  # Or the first that was not pruned.
        store.data_of(first)  # Raises where a byte of it was altered.
        source = read_wire(first.wire)[0].source
        if source != source_of(gate):
            owner = source.rpartition("/")[2]
            return DATABASE_OF_OTHER_GATE(path=path, owner=owner, gate=gate)
        damaged = [old.name for old in context.assembly.damaged()]
        if lost := context.assembly.lost_people(store):
            return PEOPLE_LOST(names=", ".join(damaged), lost=lost)
        if damaged:
            return DATABASE_SET_ASIDE(names=", ".join(damaged))
        return DATABASE_OPENS(path=path, ledger=store.ledger, entries=_entries(store.tail().seq))


PAYROLL_HAS_ALL = Sentence(OK, "Payroll has confirmed {entries}, which is all")
PAYROLL_WAITING = Sentence(
    OK, "Payroll has yet to confirm {count}; the oldest is at least {age} old"
)
PAYROLL_SILENT = Sentence(
    WARN,
    "Payroll has yet to confirm {count}; the oldest is at least {age} old. Nothing is lost",
    "see the lines 'uplink' and 'broker'; if they are well, ask payroll",
)
PAYROLL_REJECTED = Sentence(
    WARN, "Payroll holds {count} that it could not use", "ask payroll which, and why"
)

_TOO_LONG_MS = 24 * 3_600_000


@check("payroll")
def payroll(context: CheckContext) -> Judgement | None:
    """How many entries payroll has yet to confirm, and since when at least."""
    store = _store(context)
    if store is None:
        rejected = context.status["ledger"]["rejected"] if context.status is not None else 0
        return PAYROLL_REJECTED(count=_entries(rejected)) if rejected else None
    with closing(store):
        marks, last = store.watermarks(), store.tail().seq
        confirmed = marks.confirmed
        if context.status is not None:
            # The daemon knows of receipts that it has yet to write down.
            confirmed = max(confirmed, context.status["ledger"]["confirmed_seq"])
        oldest = store.entries(confirmed + 1, 1)
        age_ms = _age_ms(context, store.data_of(oldest[0])) if oldest else 0.0
    waiting = {"count": _entries(last - confirmed), "age": age_of(age_ms / 1000)}
    if age_ms > _TOO_LONG_MS:
        return PAYROLL_SILENT(**waiting)
    if marks.rejected:
        return PAYROLL_REJECTED(count=_entries(marks.rejected))
    return PAYROLL_WAITING(**waiting) if oldest else PAYROLL_HAS_ALL(entries=_entries(last))


def _entries(count: int) -> str:
    return counted(count, "entry", "entries")


def _age_ms(context: CheckContext, data: dict[str, Any]) -> float:
    """How old an entry is at least, by its ``data`` and whatever the clock knew."""
    return max(0.0, elapsed(stamp_of(data), context.assembly.clock.stamp()).least)


ROSTER_REFUSED = Sentence(
    WARN,
    "Payroll's last roster is not in force: {why}",
    "tell payroll, with this line; until then the workers stay as they were",
)


@check("roster")
def roster(context: CheckContext) -> Judgement | None:
    """Whether the last one that payroll sent could be used."""
    if context.status is not None:
        refused = context.status.get("roster", {}).get("refused")
    elif (store := _store(context)) is not None:
        with closing(store):
            refused = store.roster().refused
    else:
        return None
    return ROSTER_REFUSED(why=str(refused).rstrip(".")) if refused else None


CHAIN_UNBROKEN = Sentence(OK, "{entries}: whole, and unaltered")


# As long as the ledger is; nobody gets it without asking.
@check("chain", within_s=None)
def chain(context: CheckContext) -> Judgement | None:
    """Every entry and every link; only where it was asked for, because it reads everything."""
    store = _store(context) if context.verify else None
    if store is None:
        return None
    with closing(store):
        return CHAIN_UNBROKEN(entries=_entries(verify_ledger(store).seq))


def _store(context: CheckContext) -> SqliteStore | None:
    """The store; None where it does not open, which another check tells."""
    try:
        return context.assembly.store_for_reading()
    except (StoreFault, PermissionError):
        return None
