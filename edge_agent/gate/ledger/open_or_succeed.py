"""Have a ledger to write: the old one where it may be continued, or a new one in its place.

A ledger is bound to the board and the card that it was opened on. Two gates that write on under
one ledger's numbers would have payroll take one's punches for the other's, so a ledger that may
have a twin is never continued: a new one begins, names the old one, and records again what
payroll may not have. The same where payroll's receipt disowns it, and where it is damaged.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from ...contract.errors import StoreFault
from ...contract.facts import WhyOpened
from ...contract.stamps import Stamp, elapsed
from ...contract.told import counted
from ..errors import DamagedLedger
from ..host.host_identity import HostIdentity
from ..host.rights import unusable_store
from .damage.quick_check import damage, rehearse
from .lost_people import BRING_BACK
from .store import people_snapshot
from .store.database import database_fault, is_retired, open_as_it_is, open_database
from .store.erasure_rows import owe
from .store.metadata import Bound, bind, read_bound, seal_description, use
from .store.notes import Leaving, leaving_note
from .store.people_snapshot import PeopleSnapshot
from .store.reserve import is_full
from .store.sqlite_store import SqliteStore, identity
from .succession.erasures import databases_named, erased_beside, hand_over_erasures
from .succession.swap import building, carry_out, decide, discard_half_made

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .damage.rescue_people import RescuedPeople
    from .succession.handover import Handover

log = logging.getLogger(__name__)

_kept_open: list[Database] = []

_BACKUP = "backup"

_PAUSE_MS = 24 * 3_600_000
"""Between two ledgers that a receipt made the gate leave: whoever can forge receipts must not be
able to fill the card with old ledgers."""

_DEMANDED: frozenset[WhyOpened] = frozenset({"payroll-is-ahead", "forked"})


@contextmanager
def open_or_succeed(
    path: Path,
    gate: str,
    zone: ZoneInfo,
    now: Stamp,
    here: HostIdentity,
    beat: Callable[[], None] = lambda: None,
) -> Iterator[bool]:
    """See to it that the database at ``path`` holds a ledger to be written, and say it is in use.

    To be called under the gate's lock, with no other connection open. Yields whether a new ledger
    has just begun in the place of another. ``beat`` is called again and again while that takes
    long; what it raises ends it, and the old ledger is there as it was. Raises StoreFault where
    none can be had.
    """
    start = _Start(path, gate, zone, now, here, beat)
    try:
        database, begun = start.begin()
    except DamagedLedger as fault:
        # What has passed for sound, until something was to be written.
        database, begun = start.begin(str(fault))
    try:
        yield begun
    finally:
        # Kept open until here, and for ever where this fails: the last connection that closes
        # removes the log, and a database in use that has none has lost it.
        try:
            use(database, begins=False)
            database.close()
        except sqlite3.Error as error:
            _kept_open.append(database)
            log.error("%s", database_fault(path, error))


def why_leave(bound: Bound, gate: str, here: HostIdentity) -> WhyOpened | None:
    """Why the ledger may not be continued at ``gate`` and ``here``; None: it may."""
    if bound.copy == _BACKUP:
        return "restored-backup"
    if _differ(bound.host_identity.card, here.card):
        return "cloned-card"
    if _differ(bound.host_identity.board, here.board):
        return "other-board"
    return "other-gate-id" if bound.gate != gate else None


def _differ(then: dict[str, str], now: dict[str, str]) -> bool:
    """Compare by the surest way known both times: what is unknown is not different."""
    return next((then[way] != known for way, known in now.items() if way in then), False)


def may_leave_again(why: WhyOpened, opened: Stamp, now: Stamp) -> bool:
    """Whether a receipt may make the gate leave a ledger that was opened for ``why``."""
    return why not in _DEMANDED or elapsed(opened, now).least >= _PAUSE_MS


class _Start(Struct, frozen=True):
    """A daemon starts for ``gate`` on the database at ``path``, in the place ``here``."""

    path: Path
    gate: str
    zone: ZoneInfo
    now: Stamp
    here: HostIdentity
    beat: Callable[[], None]

    def begin(self, damaged: str | None = None) -> tuple[Database, bool]:
        """The database with a ledger to be written, which it says is in use; whether it is new.

        ``damaged``: what this very start has come upon.
        """
        path = self.path
        try:
            begun = carry_out(path) is not None
            discard_half_made(path)
            beside = people_snapshot.read(path)
            if path.exists():
                begun = self._leave_where_needed(damaged, beside) or begun
            with closing(SqliteStore.open(path, self.gate, self.zone, self.now)) as store:
                ledger = store.ledger
            database = open_database(path)
            try:
                rehearse(database)
                bind(database, self.here)
                seal_description(database, ledger)
                owe(database, erased_beside(beside, self.gate))
                people_snapshot.keep(path, database, self.gate, ledger)
                leaving_note.take_back(path)
                # Last: from here on a log that is missing is damage.
                use(database, begins=True)
                # It stays open, and is not looked into again before the end.
                database.conn.execute("PRAGMA shrink_memory")
            except BaseException:
                database.close()
                raise
        except OSError as error:
            why = unusable_store(path, to_write=True) or str(error)
            raise StoreFault("store.folder", path=path, why=why) from error
        except sqlite3.Error as error:
            raise database_fault(path, error) from error
        return database, begun

    def _leave_where_needed(self, damaged: str | None, beside: PeopleSnapshot | None) -> bool:
        """Begin a new ledger in the place of the one that is there, if it has to be left."""
        noted = self._noted()
        if damaged is None and noted is not None and noted.why == "damaged":
            damaged = noted.detail
        damaged = damaged or damage(self.path)
        if damaged is None:
            with self._looked_at() as database:
                found = self._left(database, noted)
                if found is None:
                    return False
                why, handover = found
                hand_over_erasures(handover, why, beside, self.gate)
                count = self._make_successor(why, handover)
                database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            from .damage.salvage import salvage  # Most starts of a gate go by without.

            why = "damaged"
            log.error(
                "the database %s is damaged (%s): rescuing what can be read", self.path, damaged
            )
            salvaged = salvage(self.path, self.gate, self.now, self.beat)
            handover = salvaged.handover
            hand_over_erasures(handover, why, beside, self.gate)
            count = self._make_successor(why, handover)
            _tell_what_is_lost(salvaged.people)
        # From here on it is carried out to its end, by the next start if need be.
        decide(self.path, why, databases_named(handover))
        old = carry_out(self.path)
        log.warning(
            "a new ledger begins (%s), with %s of the old one: that is kept in %s",
            why,
            counted(count, "punch", "punches"),
            old,
        )
        return True

    def _noted(self) -> Leaving | None:
        """What an earlier process has found out about this ledger while it was in use."""
        if not leaving_note.stands(self.path) or self.path.stat().st_size == 0:
            return None
        # Where it cannot even be asked whose it is, the look at the database finds more.
        with suppress(StoreFault, sqlite3.Error), closing(open_as_it_is(self.path)) as database:
            if (owner := identity(database.conn)) is not None:
                return leaving_note.read(self.path, owner["ledger"])
        return None

    @contextmanager
    def _looked_at(self) -> Iterator[Database]:
        """The database as it is; closed in the end.

        Closing takes its log away, which after a power cut would pass for a lost one. So it is not
        in use meanwhile; where a full disk does not take that, it is kept open for good.
        """
        database = open_database(self.path)
        try:
            use(database, begins=False)
        except sqlite3.Error:
            if not is_full(self.path):
                database.close()
                raise
            _kept_open.append(database)
            yield database
        else:
            with closing(database):
                yield database

    def _make_successor(self, why: WhyOpened, handover: Handover) -> int:
        from .succession.successor import make_successor

        new = building(self.path)
        try:
            return make_successor(new, self.gate, self.zone, self.now, why, handover, self.beat)
        except Exception:
            discard_half_made(self.path)  # It may be the room that is missing.
            raise

    def _left(self, database: Database, noted: Leaving | None) -> tuple[WhyOpened, Handover] | None:
        """Why the ledger is left, and what it hands over; None: it is continued."""
        owner = identity(database.conn)
        if owner is None:
            return None
        if owner["gate"] == self.gate and is_retired(database.conn):
            return None  # Twins that write nothing do no harm; a new ledger would be the gate back.
        why = why_leave(read_bound(database, owner["gate"]), self.gate, self.here)
        if why is None and noted is not None:
            why = noted.why
        if why is None:
            return None
        from .succession.handover import handover_of

        return why, handover_of(database, owner["ledger"], self.now, self.beat, noted)


def _tell_what_is_lost(people: RescuedPeople) -> None:
    if people.doubted:
        log.error(
            "%s left behind: enrol those workers again",
            counted(
                people.doubted,
                "print is no longer certain and was",
                "prints are no longer certain and were",
            ),
        )
    if people.unsure:
        log.error(
            "of these workers only their prints are certain: give them their names again, or "
            "have payroll publish its roster: %s",
            ", ".join(people.unsure),
        )
    workers = len(people.rows["workers"])
    prints = sum(not row["removed"] for row in people.rows["prints"])
    lost = people.lost
    if lost is not None:
        log.error(
            "%d of %s and %d of %s were rescued: %s",
            lost.of_workers - len(lost.workers),
            counted(lost.of_workers, "worker"),
            lost.of_prints - len(lost.prints),
            counted(lost.of_prints, "print"),
            BRING_BACK,
        )
    elif workers:
        log.warning(
            "all %s and %s were rescued", counted(workers, "worker"), counted(prints, "print")
        )
    else:
        log.error("no workers were rescued, if there were any: %s", BRING_BACK)
