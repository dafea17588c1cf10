"""The database, the ledger in it, and how far payroll has confirmed that."""

from contextlib import closing
from typing import Any

from ...contract.chain import stamp_of
from ...contract.errors import StoreFault
from ...contract.language import Message, is_name, together, told_problem
from ...contract.stamps import elapsed, local_date
from ..errors import NoLedgerYet
from ..host.lock import daemon_at
from ..host.service import copying, copying_again, starting, taking_away
from ..ledger.glance import oldest_waiting, overdue, renamed, restored
from ..ledger.last_backup import backup_standing
from ..ledger.left_ledgers import left_by_mistake, own_among
from ..ledger.store.sqlite_store import SqliteStore
from ..ledger.store.verify import verify_ledger
from .context import CheckContext, check
from .findings import Judgement, Sentence, State, age_of, lateness, passed_on
from .hardware import stopped_by_disk

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

DATABASE_OPENS = Sentence(OK, "doctor.database-opens")
DATABASE_FAILS = Sentence(FAIL, "doctor.database-fails")
DATABASE_SET_ASIDE = Sentence(WARN, "doctor.database-set-aside")
DATABASE_SET_ASIDE_SENT = Sentence(WARN, "doctor.database-set-aside-sent")
PEOPLE_LOST = Sentence(WARN, "doctor.people-lost")
DATABASE_RESTORED = Sentence(WARN, "doctor.database-restored")
DATABASE_OF_OTHER_GATE = Sentence(WARN, "doctor.database-of-other-gate")
DATABASE_OF_GATE_BEFORE = Sentence(WARN, "doctor.database-of-gate-before")
DATABASE_LEFT = Sentence(WARN, "doctor.database-left")


@check("database")
def database(context: CheckContext) -> Judgement | None:
    """Whether it opens, is of this version, and is this gate's; whether the daemon can write."""
    told = context.status["store"] if context.status is not None else {}
    # First, for it needs no right to the database.
    if (stopped := stopped_by_disk(context)) is not None:
        return stopped
    if told.get("state") in ("failing", "reserve"):
        return DATABASE_FAILS(path=context.assembly.database, problem=_bare(told))
    problem, opened = _of_the_database(told_problem(told)), _opened(context)
    if problem is not None and (opened is None or opened.state is State.OK):
        return passed_on(State.WARN, problem)
    return opened


def _bare(told: dict[str, Any]) -> Message | str:
    """What the daemon says of its store, for the end of a sentence."""
    problem = told_problem(told)
    if problem is None:
        return Message("doctor.no-more-told")
    return problem if is_name(problem.name) else str(problem).rstrip(".")


_OF_OTHER_CHECKS = ("problem.disk-fills", "problem.disk-silent", "privacy.unknown")


def _of_the_database(problem: Message | None) -> Message | None:
    """What the daemon says of its store, but for what has a line of its own: which disk fills is
    told there.
    """
    if problem is None or problem.name in _OF_OTHER_CHECKS:
        return None
    told = problem.fields["sentences"] if problem.name == "words.together" else None
    if not isinstance(told, list):
        return problem
    named = [one if isinstance(one, Message) else Message(one) for one in told]
    return together(*(one for one in named if one.name not in _OF_OTHER_CHECKS))


def _opened(context: CheckContext) -> Judgement | None:
    gate, path = context.settings.gate.id, context.assembly.database
    try:
        opened = context.assembly.store_for_reading()
    except NoLedgerYet as not_yet:
        return passed_on(State.WARN, not_yet.message)
    except PermissionError:
        return None  # Another check tells.
    with closing(opened) as store:
        [first] = store.entries(1, 1)  # Or the first that was not pruned.
        store.data_of(first)  # Raises where a byte of it was altered.
        if (owner := store.other_gate(gate)) is not None:
            return of_other_gate(context, owner)
        damaged = [old.name for old in context.assembly.damaged()]
        lost = None if context.retired else context.assembly.lost_people(store)
        if lost:
            return PEOPLE_LOST(names=", ".join(damaged), lost=lost.told)
        if damaged:
            if store.tail().seq > store.watermarks().confirmed:
                return DATABASE_SET_ASIDE(names=", ".join(damaged))
            away = taking_away(gate, (path.with_name(name) for name in damaged))
            return DATABASE_SET_ASIDE_SENT(names=", ".join(damaged), away=away)
        if not context.retired and restored(store, context.assembly.clock.stamp()):
            return DATABASE_RESTORED(path=path)
        if not context.retired and (left := _left(context, store)) is not None:
            return left
        return DATABASE_OPENS(path=path, ledger=store.ledger, entries=_entries(store.tail().seq))


def of_other_gate(context: CheckContext, owner: str) -> Judgement:
    """That the ledger is that of gate ``owner``, and what the next start does: another thing where
    the id of the settings is the one from before."""
    gate = context.settings.gate.id
    told = {"path": context.assembly.database, "owner": owner, "gate": gate}
    if (own := own_among(context.assembly.left_ledgers(), gate)) is not None:
        return DATABASE_OF_GATE_BEFORE(file=own.file, **told)
    return DATABASE_OF_OTHER_GATE(**told)


def _left(context: CheckContext, store: SqliteStore) -> Judgement | None:
    """That this ledger took the place of another gate's, of which payroll lacks something."""
    if not renamed(store, context.assembly.clock.stamp()):
        return None
    one = left_by_mistake(context.assembly.left_ledgers(), store.gate)
    if one is None:
        return None
    count = _entries(one.unsent)
    return DATABASE_LEFT(count=count, owner=one.gate, gate=store.gate, file=one.file)


PAYROLL_HAS_ALL = Sentence(OK, "doctor.payroll-has-all")
PAYROLL_WAITING = Sentence(OK, "doctor.payroll-waiting")
PAYROLL_SILENT = Sentence(WARN, "doctor.payroll-silent")
PAYROLL_REJECTED = Sentence(WARN, "doctor.payroll-rejected")

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
        oldest = oldest_waiting(store, confirmed)
        age_ms = _age_ms(context, oldest) if oldest else 0.0
    waiting = {"count": _entries(last - confirmed), "age": age_of(age_ms / 1000)}
    if oldest and context.retired:
        return None  # The daemon's line tells.
    if age_ms > _TOO_LONG_MS:
        return PAYROLL_SILENT(**waiting)
    if marks.rejected:
        return PAYROLL_REJECTED(count=_entries(marks.rejected))
    return PAYROLL_WAITING(**waiting) if oldest else PAYROLL_HAS_ALL(entries=_entries(last))


def _entries(count: int) -> Message:
    return Message("doctor.entries", count=count)


def _age_ms(context: CheckContext, data: dict[str, Any]) -> float:
    """How old an entry is at least, by its ``data`` and whatever the clock knew."""
    return max(0.0, elapsed(stamp_of(data), context.assembly.clock.stamp()).least)


ROSTER_REFUSED = Sentence(WARN, "doctor.roster-refused")


@check("roster")
def roster(context: CheckContext) -> Judgement | None:
    """Whether the last one that payroll sent could be used."""
    refused = (context.told or {}).get("roster", {}).get("refused")
    return ROSTER_REFUSED(why=str(refused)) if refused else None


COPY_MADE = Sentence(OK, "doctor.copy-made")
COPY_ON_SAME_CARD = Sentence(OK, "doctor.copy-on-same-card")
COPY_OLD = Sentence(WARN, "doctor.copy-old")
COPY_MISSING = Sentence(WARN, "doctor.copy-missing")


@check("copy")
def copy(context: CheckContext) -> Judgement | None:
    """How old the last copy of the ledger is that has proved itself."""
    store = _store(context)
    if store is None:
        return None
    assembly = context.assembly
    with closing(store):
        last = backup_standing(store, assembly.database, assembly.clock.stamp(), assembly.zone)
    if last.age_s is None:
        return COPY_MISSING(copy=copying()) if last.state == "missing" else None
    told = {"age": age_of(last.age_s), "entries": _entries(last.entries or 0)}
    if last.state == "old":
        return COPY_OLD(**told, again=copying_again())
    return (COPY_ON_SAME_CARD if last.same_card else COPY_MADE)(**told)


PRIVACY_OVERDUE = Sentence(WARN, "doctor.privacy-overdue")


@check("privacy")
def privacy(context: CheckContext) -> Judgement | None:
    """Whether something should have been erased, destroyed or answered by now."""
    if (context.told or {}).get("privacy", {}).get("asks"):
        return passed_on(WARN, Message("privacy.unknown"))
    store = _store(context)
    if store is None:
        return None
    with closing(store):
        today = local_date(context.assembly.clock.stamp().wall_ms, context.assembly.zone)
        late = {"erasures": store.count_erasing(), **overdue(store, today)}
    return PRIVACY_OVERDUE(**late, late=lateness(late)) if any(late.values()) else None


CHAIN_UNBROKEN = Sentence(OK, "doctor.chain-unbroken")
DATABASE_DAMAGED = Sentence(FAIL, "doctor.database-damaged")


# As long as the ledger is; nobody gets it without asking.
@check("chain", within_s=None)
def chain(context: CheckContext) -> Judgement | None:
    """Every entry and every link, and what the next start looks at; only where it was asked for,
    because it reads everything."""
    store = _store(context) if context.verify else None
    if store is None:
        return None
    with closing(store):
        unbroken = CHAIN_UNBROKEN(entries=_entries(verify_ledger(store).seq))
    path = context.assembly.database
    if context.retired or context.status is not None or daemon_at(path) is not None:
        return unbroken  # One that writes meanwhile would pass for damage.
    # Only here: most looks do without.
    from ..ledger.damage.quick_check import damage

    if (what := damage(path)) is None:
        return unbroken
    return DATABASE_DAMAGED(path=path, what=what.removesuffix("."), start=starting())


def _store(context: CheckContext) -> SqliteStore | None:
    """The store; None where it does not open, which another check tells."""
    try:
        return context.assembly.store_for_reading()
    except (StoreFault, PermissionError):
        return None
