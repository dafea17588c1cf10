"""Own the ledger that is to be written: the old one where it may be continued, or a new one.

When a ledger is left for a new one. Pure.

A ledger is bound to the board and the card that it was opened on. Two gates that write on under
one ledger's numbers would have payroll take one's punches for the other's, so a ledger that may
have a twin is never continued: a new one begins, names the old one, and records again what
payroll may not have.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlite_utils import Database

from ...contract.errors import StoreFault
from ...contract.facts import WhyOpened
from ...contract.stamps import Stamp, elapsed
from ..errors import DamagedLedger
from ..host.host_identity import HostIdentity
from .damage.quick_check import damage
from .damage.salvage import Salvaged, salvage
from .store.database import database_fault, open_database
from .store.metadata import Bound, bind, disowned, read_bound, seal_description, use
from .store.sqlite_store import SqliteStore, identity
from .succession.handover import Handover, handover_of
from .succession.successor import make_successor
from .succession.swap import building, carry_out, decide, discard_half_made

_BACKUP = "backup"

_PAUSE_MS = 24 * 3_600_000
"""Between two ledgers that a receipt made the gate leave: whoever can forge receipts must not be
able to fill the card with old ledgers."""

_DEMANDED: frozenset[WhyOpened] = frozenset({"payroll-is-ahead", "forked"})


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


log = logging.getLogger(__name__)


@contextmanager
def open_or_succeed(
    path: Path,
    gate: str,
    zone: ZoneInfo,
    now: Stamp,
    here: HostIdentity,
    damaged: str | None = None,
) -> Iterator[None]:
    """See to it that the database at ``path`` holds a ledger to be written, and say it is in use.

    To be called under the gate's lock, with no other connection open. ``damaged``: what was found
    out about the database while it was used. Raises StoreFault where none can be had.
    """
    start = _Start(path, gate, zone, now, here)
    try:
        database = start.begin(damaged)
    except DamagedLedger as fault:
        if damaged:
            raise
        # What has passed for sound, until something was to be written.
        database = start.begin(str(fault))
    try:
        yield
    finally:
        # Kept open until here, and for ever where this fails: the last connection that closes
        # removes the log, and a database in use that has none has lost it.
        use(database, begins=False)
        database.close()


class _Start(Struct, frozen=True):
    """A daemon starts for ``gate`` on the database at ``path``, in the place ``here``."""

    path: Path
    gate: str
    zone: ZoneInfo
    now: Stamp
    here: HostIdentity

    def begin(self, damaged: str | None) -> Database:
        """The database with a ledger to be written, which it says is in use."""
        path = self.path
        try:
            discard_half_made(path)
            carry_out(path)
            if path.exists():
                self._leave_where_needed(damaged)
            with closing(SqliteStore.open(path, self.gate, self.zone, self.now)) as store:
                ledger = store.ledger
            database = open_database(path)
            try:
                bind(database, self.here)
                seal_description(database, ledger)
                use(database, begins=True)
            except BaseException:
                database.close()
                raise
        except OSError as error:
            raise StoreFault(
                f"The folder of the database {path} cannot be used ({error}): check that it exists "
                "and that this user may write there."
            ) from error
        except sqlite3.Error as error:
            raise database_fault(path, error) from error
        return database

    def _leave_where_needed(self, damaged: str | None) -> None:
        what = damaged or damage(self.path)
        if what is None:
            with closing(open_database(self.path)) as database:
                found = self._left(database)
                if found is None:
                    return
                why, handover = found
                count = self._make_successor(why, handover)
                # Closing it takes its log away: after a power cut that would pass for a lost one.
                use(database, begins=False)
                database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            why = "damaged"
            log.error("the database %s is damaged (%s): rescuing what can be read", self.path, what)
            salvaged = salvage(self.path, self.now)
            count = self._make_successor(why, salvaged.handover)
            _tell_what_is_lost(salvaged)
        decide(self.path, why)
        old = carry_out(self.path)
        log.warning(
            "a new ledger begins (%s), with %d punches of the old one: that is kept in %s",
            why,
            count,
            old,
        )

    def _make_successor(self, why: WhyOpened, handover: Handover) -> int:
        return make_successor(building(self.path), self.gate, self.zone, self.now, why, handover)

    def _left(self, database: Database) -> tuple[WhyOpened, Handover] | None:
        """Why the ledger is left, and what it hands over; None: it is continued."""
        owner = identity(database.conn)
        if owner is None:
            return None
        ledger = owner["ledger"]
        why = why_leave(read_bound(database, owner["gate"]), self.gate, self.here)
        receipt = disowned(database)
        if why is None and receipt is not None and receipt.ledger == ledger:
            why = receipt.why
        if why is None:
            return None
        forked_at = receipt.through if receipt and receipt.why == "forked" else None
        return why, handover_of(database, ledger, self.now, forked_at)


def _tell_what_is_lost(salvaged: Salvaged) -> None:
    if salvaged.doubted:
        log.error(
            "%d prints are no longer certain and were left behind: enrol those workers again",
            salvaged.doubted,
        )
    if salvaged.unsure:
        log.error(
            "of these workers only their prints are certain: give them their names again, or "
            "have payroll publish its roster: %s",
            ", ".join(salvaged.unsure),
        )
    workers = len(salvaged.handover.rows.get("workers", ()))
    log.log(logging.WARNING if workers else logging.ERROR, "%d workers were rescued", workers)
