"""What is wired to the gate: opened at the start, let go of at the end; and the sensor's first
connection.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import NamedTuple

from ..errors import SensorFault
from ..ledger.store.sqlite_store import SqliteStore
from ..ports import Keys, Panel, Readers, Sensor, SensorInfo, Tamper, Touch
from .assembly import Assembly


class Wired(NamedTuple):
    """What is wired to the gate, as far as the settings name it and it can be used."""

    panel: Panel
    sensor: Sensor
    touch: Touch | None
    keys: Keys | None
    readers: Readers | None
    tamper: Tamper | None


@contextmanager
def open_wired(assembly: Assembly) -> Iterator[Wired]:
    """Open all of it, in this order; let go of it the other way round."""
    with ExitStack() as mirror:
        panel = mirror.enter_context(closing(assembly.panel()))
        sensor = mirror.enter_context(closing(assembly.sensor()))
        touch = assembly.if_usable("touch_pin", assembly.touch)
        if touch is not None:
            mirror.enter_context(closing(touch))
        keys = assembly.if_usable("keys", assembly.keys)
        if keys is not None:
            mirror.enter_context(closing(keys))
        readers = assembly.readers()
        if readers is not None:
            mirror.enter_context(closing(readers))
        tamper = assembly.if_usable("tamper_pin", assembly.tamper)
        if tamper is not None:
            mirror.enter_context(closing(tamper))
        yield Wired(panel, sensor, touch, keys, readers, tamper)


def first_connection(
    assembly: Assembly, store: SqliteStore, sensor: Sensor
) -> SensorInfo | SensorFault:
    """Connect the sensor at start-up.

    A sensor that has worked at this port and baud before is a fault to wait out, with the backlog
    still going to payroll meanwhile. One that never has is an installer's mistake: raised.
    """
    wanted = f"{assembly.settings.sensor.port} at {assembly.settings.sensor.baud} baud"
    sensor.expect(adapter := store.remembered("adapter"))
    try:
        info = sensor.connect()
    except SensorFault as fault:
        if store.remembered("sensor") != wanted:
            raise
        return fault
    if store.remembered("sensor") != wanted:
        store.remember("sensor", wanted)
    if info.adapter is not None and info.adapter != adapter:
        store.remember("adapter", info.adapter)
    return info
