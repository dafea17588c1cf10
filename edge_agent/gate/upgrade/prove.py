"""What a new program is asked before it takes the place of the one that runs."""

from contextlib import closing
from pathlib import Path

from msgspec import Struct

from ... import __version__
from ...contract.errors import StoreFault
from ...contract.facts import GateAlive
from ..daemon.assembly import Assembly
from ..ledger.store.database import is_behind
from ..ledger.store.sqlite_store import SqliteStore
from ..ledger.store.verify import verify_ledger
from ..settings.schema import Settings


class Trial(Struct, frozen=True):
    """``alters``: whether the tables had to be altered; ``entries``: how many were there."""

    alters: bool
    entries: int


def prove(settings: Settings, copy: Path) -> Trial:
    """Bring a copy of the database up to date, write an entry into it, read it and all the others.

    Raises StoreFault or DamagedLedger. The copy is of no use afterwards.
    """
    assembly = Assembly(settings)
    alters = is_behind(copy)
    now = assembly.clock.stamp()
    with closing(SqliteStore.open(copy, settings.gate.id, assembly.zone, now)) as store:
        entries = verify_ledger(store).seq
        with store.changing() as change:
            written = change.append(GateAlive(recording=True, version=__version__), now)
    with closing(SqliteStore.read_only(copy, assembly.zone)) as store:
        if store.entries(written.seq, 1) != [written] or verify_ledger(store).seq != entries + 1:
            raise StoreFault("upgrade.not-read-back", seq=written.seq)
    return Trial(alters, entries)


def ask_sensor(settings: Settings) -> None:
    """Have the sensor answer, as a start does. Raises SensorFault. No daemon may have its port."""
    with closing(Assembly(settings).sensor()) as sensor:
        sensor.connect()
