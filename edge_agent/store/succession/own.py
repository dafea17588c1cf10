"""Own the ledger that is to be written: the old one where it may be continued, or a new one."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlite_utils import Database

from ...domain.errors import DamagedLedger, StoreFault
from ...domain.facts import WhyOpened
from ...domain.stamps import Stamp
from ...domain.succession import Whereabouts, why_leave
from ..damage.examine import damage
from ..damage.salvage import Salvaged, salvage
from ..database import database_fault, open_database
from ..sqlite_store import SqliteStore, identity
from .aside import building, carry_out, decide, discard_half_made
from .binding import bind, disowned, read_bound, seal_description, use
from .heritage import Heritage, heritage_of
from .successor import make_successor

log = logging.getLogger(__name__)


@contextmanager
def own_ledger(
    path: Path,
    gate: str,
    zone: ZoneInfo,
    now: Stamp,
    here: Whereabouts,
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
    here: Whereabouts

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
                why, heritage = found
                count = self._make_successor(why, heritage)
                # Closing it takes its log away: after a power cut that would pass for a lost one.
                use(database, begins=False)
                database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            why = "damaged"
            log.error("the database %s is damaged (%s): rescuing what can be read", self.path, what)
            salvaged = salvage(self.path, self.now)
            count = self._make_successor(why, salvaged.heritage)
            _tell_what_is_lost(salvaged)
        decide(self.path, why)
        old = carry_out(self.path)
        log.warning(
            "a new ledger begins (%s), with %d punches of the old one: that is kept in %s",
            why,
            count,
            old,
        )

    def _make_successor(self, why: WhyOpened, heritage: Heritage) -> int:
        return make_successor(building(self.path), self.gate, self.zone, self.now, why, heritage)

    def _left(self, database: Database) -> tuple[WhyOpened, Heritage] | None:
        """Why the ledger is left, and what it hands over; None: it is continued."""
        owner = identity(database)
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
        return why, heritage_of(database, ledger, self.now, forked_at)


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
    workers = len(salvaged.heritage.rows.get("workers", ()))
    log.log(logging.WARNING if workers else logging.ERROR, "%d workers were rescued", workers)
