"""The one place that picks adapters: settings in, ports out.

Whatever not every command needs is imported when it is asked for: one that only lists workers
must load neither drivers nor what repairs a ledger, for a Pi Zero pays dearly for each import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from ...contract.language import Message
from ...contract.stamps import local_date
from ..directions import DirectionRule
from ..errors import PinFault
from ..ledger.store.sqlite_store import SqliteStore

if TYPE_CHECKING:
    from ...contract.messages import Erased, GateStatus
    from ...contract.roster import Heard
    from ..errors import DamagedLedger
    from ..host.clock import HostClock
    from ..host.lock import GateLock
    from ..ledger.left_ledgers import LeftLedger
    from ..ledger.lost_people import LostPeople
    from ..ledger.recorder import Recorder
    from ..people.templates.sealing import AgeSealing
    from ..ports import Emit, Examiner, Keys, Panel, Power, Sensor, Tamper, Touch
    from ..reader.readers import UsbReaders
    from ..rules import Policy
    from ..settings.schema import Settings
    from ..uplink.carried import CarriedReceipts
    from ..uplink.inbox import ForeignReceipt
    from ..uplink.thread import UplinkThread

Pin = TypeVar("Pin")


class Assembly:
    """Makes the parts of one gate from its settings. The clock is shared, the rest is new."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.zone = ZoneInfo(settings.gate.timezone)
        self.database = Path(settings.store.path)
        self.control_socket = Path(settings.control.socket)
        self.pin_problems: dict[str, Message] = {}
        """What cannot be used of the pins beside the sensor's line: key → what to do."""

    @cached_property
    def clock(self) -> HostClock:
        """The machine's clocks."""
        from ..host.clock import HostClock

        return HostClock(self.settings.clock.trust, self.settings.clock.drift_ppm)

    def lock(self) -> GateLock:
        """The lock that makes one process the owner of this gate."""
        from ..host.lock import GateLock

        return GateLock(self.database)

    @contextmanager
    def open_or_succeed(self, beat: Callable[[], None] = lambda: None) -> Iterator[bool]:
        """Have a ledger that may be written, a new one where need be; under the lock only.

        Yields whether a new one has just begun. ``beat``: see ``open_or_succeed``.
        """
        from ..host.host_identity import host_identity
        from ..host.lock import give_all_to_folder_owner
        from ..ledger.open_or_succeed import open_or_succeed

        gate, now = self.settings.gate.id, self.clock.stamp()
        here = host_identity(self.database.parent)
        try:
            with open_or_succeed(self.database, gate, self.zone, now, here, beat) as begun:
                give_all_to_folder_owner(self.database)
                yield begun
        finally:
            # What has been made since, too: a file of root's stops the daemon's user for ever.
            give_all_to_folder_owner(self.database)

    def set_aside(self) -> list[Path]:
        """The databases that were left for a new ledger, the oldest first."""
        from ..ledger.succession.swap import set_aside

        return set_aside(self.database)

    def left_ledgers(self) -> list[LeftLedger]:
        """Those of them that were left because the gate's id was changed, the oldest first; none
        where this user may not look."""
        from ..ledger.left_ledgers import left_ledgers

        try:
            return left_ledgers(self.set_aside(), self.zone)
        except OSError:
            return []

    def damaged(self) -> list[Path]:
        """Those of them that were damaged; a technician takes them away."""
        return [old for old in self.set_aside() if "damaged" in old.name]

    def lost_people(self, store: SqliteStore) -> LostPeople | None:
        """Who did not come along from one that still lies there, and has not come back."""
        if not self.damaged():
            return None
        from ..ledger.lost_people import still_lost

        return still_lost(store)

    def may_leave(self, store: SqliteStore) -> bool:
        """Whether a receipt may make the gate leave this ledger for a new one by now."""
        from ...contract.chain import stamp_of
        from ..ledger.open_or_succeed import may_leave_again

        for entry in store.entries(1, 1):
            if entry.seq != 1:
                return True  # It was pruned, and nothing is that was written within months.
            data = store.data_of(entry)
            return may_leave_again(data["why"], stamp_of(data), self.clock.stamp())
        return True

    def store(self, on_damage: Callable[[DamagedLedger], None] = lambda fault: None) -> SqliteStore:
        """A new connection to the store; opens a ledger at the very first start."""
        from ..host.lock import give_to_folder_owner

        is_new = not self.database.exists()
        gate, now = self.settings.gate.id, self.clock.stamp()
        store = SqliteStore.open(self.database, gate, self.zone, now, on_damage)
        if is_new:
            give_to_folder_owner(self.database)
        return store

    def recall_last_sync(self, store: SqliteStore) -> None:
        """Tell the clock what the ledger knows of the last sync."""
        if (known := store.known_time()) is not None:
            self.clock.recall(known)

    def today(self) -> str | None:
        """The day at the gate, ``YYYY-MM-DD``; None where the clock is not to be believed."""
        now = self.clock.stamp()
        return local_date(now.wall_ms, self.zone) if now.trusted else None

    def store_for_reading(self) -> SqliteStore:
        """A new connection that writes nothing."""
        return SqliteStore.read_only(self.database, self.zone)

    def sensor(self) -> Sensor:
        """The sensor, not yet connected. Raises SensorFault where its password cannot be read."""
        from ..host.passwords import sensor_passwords
        from ..sensor.fingerprint_sensor import FingerprintSensor

        settings = self.settings.sensor
        sensor = FingerprintSensor(settings, power=self.if_usable("power_pin", self.power))
        sensor.try_passwords(*sensor_passwords(settings.password_file, self.database))
        return sensor

    def sealing(self) -> AgeSealing:
        """Seals what leaves the gate."""
        from ..people.templates.sealing import AgeSealing

        return AgeSealing()

    def power(self) -> Power | None:
        """What switches the sensor's supply; None where no pin does."""
        settings = self.settings.sensor
        if settings.power_pin == "none":
            return None
        from ..pins import PowerPin

        return PowerPin(settings.power_pin, settings.power_active, self.settings.panel.pins)

    def touch(self) -> Touch | None:
        """The sensor's touch output; None where no pin is wired to it."""
        settings = self.settings.sensor
        if settings.touch_pin == "none":
            return None
        from ..pins import TouchPin

        return TouchPin(settings.touch_pin, settings.touch_active, self.settings.panel.pins)

    def tamper(self) -> Tamper | None:
        """The contact in the gate's case; None where there is none."""
        panel = self.settings.panel
        if panel.tamper_pin == "none":
            return None
        from ..pins import TamperPin

        return TamperPin(panel.tamper_pin, panel.tamper_active, panel.pins)

    def keys(self) -> Keys | None:
        """The keys for in and out; None where the direction is not by keys."""
        if self.settings.punch.direction is not DirectionRule.KEYS:
            return None
        from ..panel.keys import GpioKeys

        return GpioKeys(self.settings.panel)

    def readers(self) -> UsbReaders | None:
        """The readers, which are read from now on; None where the settings name none."""
        if not self.settings.reader.devices:
            return None
        from ..reader.readers import UsbReaders

        readers = UsbReaders(self.settings.reader.devices)
        readers.start()
        return readers

    def if_usable(self, key: str, opened: Callable[[], Pin | None]) -> Pin | None:
        """The pin that the setting ``key`` names; None, noted and logged, where it cannot be used.

        A gate records all the same: without a touch pin it looks at the glass again and again.
        """
        try:
            return opened()
        except PinFault as fault:
            import logging  # Only here: a command that looks has nothing to log.

            log = logging.getLogger(__name__)
            log.error("%s Until then, and a restart, the gate records without it.", fault)
            self.pin_problems[key] = fault.message
            return None

    def panel(self) -> Panel:
        """The panel, dark but for the sign that a damaged database lies here."""
        from ..panel.lamps import GpioPanel

        return GpioPanel(self.settings.panel, call_technician=bool(self.damaged()))

    def uplink(
        self,
        status: Callable[[], GateStatus],
        emit: Emit,
        leave: Callable[[ForeignReceipt], bool],
        on_damage: Callable[[DamagedLedger], None],
        on_roster: Callable[[Heard], None],
        examiner: Examiner,
        on_erased: Callable[[Erased], None],
    ) -> UplinkThread:
        """The way to payroll."""
        from ...contract.messages import Topics
        from ..uplink.mqtt.broker import PahoBroker
        from ..uplink.session import UplinkDeps
        from ..uplink.thread import UplinkThread

        gate, mqtt = self.settings.gate.id, self.settings.mqtt
        return UplinkThread(
            UplinkDeps(
                settings=mqtt,
                topics=Topics(mqtt.root, gate),
                broker=PahoBroker(mqtt, f"edge-agent-{gate}"),
                open_store=lambda: self.store(on_damage),
                status=status,
                emit=emit,
                clock=self.clock,
                leave=leave,
                on_roster=on_roster,
                on_erased=on_erased,
                examiner=examiner,
                home_assistant=self.settings.home_assistant,
                payroll_keys=self.settings.payroll.keys,
            )
        )

    def carried_receipts(self, count: Callable[[bytes], None] | None = None) -> CarriedReceipts:
        """Takes receipts that were carried here; ``count``: see there."""
        from ...contract.messages import Topics
        from ..uplink.carried import CarriedReceipts

        topics = Topics(self.settings.mqtt.root, self.settings.gate.id)
        return CarriedReceipts(topics, self.settings.payroll.keys, count)

    def policy(self) -> Policy:
        """What the rules go by."""
        from ..directions import Hours
        from ..rules import Policy

        return Policy(
            repeat_window_ms=self.settings.punch.repeat_window_s * 1000,
            direction=self.settings.punch.direction,
            drift_ppm=self.settings.clock.drift_ppm,
            zone=self.zone,
            min_score=self.settings.sensor.min_score,
            confirm_below=self.settings.sensor.confirm_below,
            consent_required=self.settings.privacy.asks,
            erase_within_days=self.settings.privacy.erase_within_days,
            without_key=self.settings.punch.without_key,
            in_hours=tuple(map(Hours.read, self.settings.punch.in_hours)),
            out_hours=tuple(map(Hours.read, self.settings.punch.out_hours)),
        )

    def gate(
        self, emit: Emit, on_damage: Callable[[DamagedLedger], None] = lambda fault: None
    ) -> Recorder:
        """The gate on a store connection of its own."""
        from ..ledger.recorder import Recorder

        return Recorder(self.store(on_damage), self.clock, emit, self.policy())
