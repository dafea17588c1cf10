"""Own the ledger that is to be written: the old one where it may be continued, or a new one."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from ...domain.errors import DamagedLedger, StoreFault
from ...domain.facts import WhyOpened
from ...domain.stamps import Stamp
from ...domain.succession import Whereabouts, why_leave
from ..damage.examine import damage
from ..damage.salvage import salvage
from ..database import database_fault, open_database
from ..sqlite_store import SqliteStore, identity
from .aside import building, carry_out, decide, discard_half_made
from .binding import bind, disowned, read_bound, use
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
    try:
        database = _begin(path, gate, zone, now, here, damaged)
    except DamagedLedger as fault:
        if damaged:
            raise
        # What has passed for sound, until something was to be written.
        database = _begin(path, gate, zone, now, here, str(fault))
    try:
        yield
    finally:
        # Kept open until here, and for ever where this fails: the last connection that closes
        # removes the log, and a database in use that has none has lost it.
        use(database, begins=False)
        database.close()


def _begin(
    path: Path,
    gate: str,
    zone: ZoneInfo,
    now: Stamp,
    here: Whereabouts,
    damaged: str | None,
) -> Database:
    """The database with a ledger to be written, which it says is in use."""
    try:
        discard_half_made(path)
        carry_out(path)
        if path.exists():
            _leave_where_needed(path, gate, zone, now, here, damaged)
        SqliteStore.open(path, gate, zone, now).close()
        database = open_database(path)
        try:
            bind(database, here)
            use(database, begins=True)
        except BaseException:
            database.close()
            raise
    except OSError as error:
        raise StoreFault(
            f"The folder of the database {path} cannot be used ({error}): check that it exists and "
            "that this user may write there."
        ) from error
    except sqlite3.Error as error:
        raise database_fault(path, error) from error
    return database


def _leave_where_needed(
    path: Path,
    gate: str,
    zone: ZoneInfo,
    now: Stamp,
    here: Whereabouts,
    damaged: str | None,
) -> None:
    what = damaged or damage(path)
    if what is None:
        with closing(open_database(path)) as database:
            found = _left(database, gate, now, here)
            if found is None:
                return
            why, heritage = found
            count = make_successor(building(path), gate, zone, now, why, heritage)
            # Closing it takes its log away: after a power cut that would pass for a lost one.
            use(database, begins=False)
            database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        log.error("the database %s is damaged (%s): rescuing what can be read", path, what)
        why = "damaged"
        salvaged = salvage(path, now)
        count = make_successor(building(path), gate, zone, now, why, salvaged.heritage)
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
    decide(path, why)
    old = carry_out(path)
    log.warning(
        "a new ledger begins (%s), with %d punches of the old one: that is kept in %s",
        why,
        count,
        old,
    )


def _left(
    database: Database, gate: str, now: Stamp, here: Whereabouts
) -> tuple[WhyOpened, Heritage] | None:
    """Why the ledger is left, and what it hands over; None: it is continued."""
    owner = identity(database)
    if owner is None:
        return None
    ledger = owner["ledger"]
    why = why_leave(read_bound(database, owner["gate"]), gate, here)
    receipt = disowned(database)
    if why is None and receipt is not None and receipt.ledger == ledger:
        why = receipt.why
    if why is None:
        return None
    forked_at = receipt.through if receipt and receipt.why == "forked" else None
    return why, heritage_of(database, ledger, now, forked_at)
