"""A fleet of gates in one process, each with its real ledger and its real uplink.

What a gate of the fleet has as on a Pi: a SQLite file that is written durably, one transaction for
each punch; the chain, the outbox, the uplink's flow on a thread of its own, paho and a connection
to the broker. What it lacks: sensor, panel, rules, control socket and supervision (punches are
written straight into the ledgers, by one thread for all gates); a disk, a processor and a line of
its own (all share this machine's). So what a fleet of ours is slow at, gates are not; what broker
and receiver bear is real.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from msgspec import structs

from edge_agent.contract.facts import Direction, DirectionSource, PunchRecorded
from edge_agent.contract.messages import GateStatus, Topics
from edge_agent.gate.events import Confirmed, Event
from edge_agent.gate.host.clock import HostClock
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.settings.schema import HomeAssistantSettings, MqttSettings
from edge_agent.gate.uplink.mqtt.broker import PahoBroker
from edge_agent.gate.uplink.session import UplinkDeps
from edge_agent.gate.uplink.thread import UplinkThread
from tests.gate.uplink.gates import Examiner, gate_status
from tests.receiver.running import rows

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Account:
    """What the gates recorded against what payroll holds.

    ``lost``: entries that a gate has and payroll has not. ``duplicates``: rows of payroll's that
    are there twice, or that no gate has written.
    """

    entries: int
    lost: int
    duplicates: int


class Fleet:
    """``gates`` gates of the broker in ``mqtt``, with their files in ``folder``.

    A context manager: from entry to exit their uplinks are at work.
    """

    def __init__(self, folder: Path, gates: int, mqtt: MqttSettings) -> None:
        self._clock = HostClock("always", 50)
        self._all_well = threading.Condition()
        self._confirmed: dict[str, int] = {}
        self.gates = [
            _Gate(folder, f"gate-{number:05}", mqtt, self._clock, self._heard)
            for number in range(gates)
        ]

    def write(self, each: int) -> None:
        """Put so many punches into every ledger, in one transaction a gate: a backlog."""
        for gate in self.gates:
            gate.punch(each)

    def punch(self, rounds: int, per_second: float) -> Iterator[int]:
        """One punch at every gate in each round, so many a second in the whole fleet.

        Durable one by one, as a gate writes them. Yields the number of each round before it begins.
        """
        due = time.monotonic()
        for number in range(rounds):
            yield number
            for gate in self.gates:
                gate.punch(1)
                due += 1 / per_second
                time.sleep(max(0.0, due - time.monotonic()))

    def wait_confirmed(self, seconds: float) -> bool:
        """Wait until payroll's receipts cover every ledger; False where time ran out."""
        with self._all_well:
            return self._all_well.wait_for(self._is_confirmed, seconds)

    def wait_some_confirmed(self, seconds: float) -> bool:
        """Wait until there is a receipt for every gate, however far it goes."""
        with self._all_well:
            return self._all_well.wait_for(lambda: len(self._confirmed) == len(self.gates), seconds)

    @property
    def unconfirmed(self) -> int:
        """How many entries no receipt covers yet."""
        return sum(gate.last - self._confirmed.get(gate.name, 0) for gate in self.gates)

    def account(self, database: Path | str) -> Account:
        """Compare with payroll's database."""
        written = Counter(row for gate in self.gates for row in gate.rows())
        held = Counter(
            (str(ledger), int(seq), str(digest))
            for table in ("entries", "forks")
            for ledger, seq, digest in rows(database, f"SELECT ledger, seq, hash FROM {table}")
        )
        # A clerk's view as well: a punch that stands in it twice would be paid twice.
        punches = Counter(rows(database, "SELECT ledger, seq FROM punches"))
        twice = sum((punches - Counter(punches.keys())).values())
        return Account(
            entries=written.total(),
            lost=(written - held).total(),
            duplicates=(held - written).total() + twice,
        )

    def _heard(self, gate: str, through: int) -> None:
        with self._all_well:
            self._confirmed[gate] = through
            self._all_well.notify_all()

    def _is_confirmed(self) -> bool:
        return self.unconfirmed == 0

    def __enter__(self) -> "Fleet":
        for gate in self.gates:
            gate.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for gate in self.gates:
            gate.begin_stop()
        for gate in self.gates:
            gate.finish_stop()


class _Gate:
    """One gate: its ledger, written here, and its uplink on a thread."""

    def __init__(
        self,
        folder: Path,
        name: str,
        mqtt: MqttSettings,
        clock: HostClock,
        heard: Callable[[str, int], None],
    ) -> None:
        self.name = name
        self._path = folder / f"{name}.db"
        self._clock = clock
        self._heard = heard
        self._store = self._open()
        self.ledger = self._store.ledger
        self.last = self._store.tail().seq
        self._confirmed = 0
        self._stop = threading.Event()
        self._uplink = UplinkThread(
            UplinkDeps(
                settings=mqtt,
                topics=Topics(mqtt.root, name),
                broker=PahoBroker(mqtt, f"edge-agent-{name}"),
                open_store=self._open,
                status=self._status,
                emit=self._tell,
                clock=clock,
                leave=lambda disowned: False,  # Then it is counted as lost.
                on_roster=lambda heard: None,
                examiner=Examiner(),
                home_assistant=HomeAssistantSettings(),
            )
        )
        self._thread = threading.Thread(
            target=self._uplink.run, args=(self._stop, lambda: None), name=name
        )

    def punch(self, times: int) -> None:
        """Record ``times`` punches in one transaction, and tell the uplink."""
        with self._store.changing() as change:
            for seq in range(self.last + 1, self.last + 1 + times):
                change.append(_punch(self.name, seq), self._clock.stamp())
        self.last += times
        self._uplink.notify()

    def rows(self) -> Iterator[tuple[str, int, str]]:
        """Ledger, seq and hash of every entry."""
        with closing(self._open()) as store:
            for first in range(1, self.last + 1, 1000):
                for entry in store.entries(first, 1000):
                    yield store.ledger, entry.seq, entry.hash.hex()

    def start(self) -> None:
        self._thread.start()

    def begin_stop(self) -> None:
        self._stop.set()
        self._uplink.notify()

    def finish_stop(self) -> None:
        self._thread.join(_STOP_SECONDS)
        self._store.close()

    def _open(self) -> SqliteStore:
        return SqliteStore.open(self._path, self.name, _ZONE, self._clock.stamp())

    def _status(self) -> GateStatus:
        whole = gate_status()
        ledger = structs.replace(
            whole.ledger, id=self.ledger, last_seq=self.last, confirmed_seq=self._confirmed
        )
        return structs.replace(whole, gate=self.name, ledger=ledger)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Confirmed):
            self._confirmed = event.through
            self._heard(self.name, event.through)


def _punch(gate: str, seq: int) -> PunchRecorded:
    return PunchRecorded(
        worker=f"{gate}-{seq % 80:02}",
        direction=Direction.IN if seq % 2 else Direction.OUT,
        direction_source=DirectionSource.ALTERNATE,
        evidence_hash="e5" * 32,
    )
