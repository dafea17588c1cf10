"""What takes its time: a hundred outages, a month without a broker, a frozen one, traffic."""

import random
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from edge_agent.gate.events import UplinkChanged
from edge_agent.gate.host.clock import HostClock
from edge_agent.gate.uplink.mqtt import broker as attempts
from edge_agent.gate.uplink.mqtt import connection
from edge_agent.receiver.connection import ReceiverOptions
from tests.brokers import MOSQUITTO, Mosquitto
from tests.proxy import Proxy
from tests.receiver.running import Running, rows

from .gates import Ledger
from .payroll import Payroll
from .test_real_brokers import Gate

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
]

NewLedger = Callable[[int], Ledger]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A disk of 256 kB; None where this user may not mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Outages:
    """One kind of misfortune after the other. Each ends with the broker at work again."""

    def __init__(self, broker: Mosquitto, proxy: Proxy, disk: Path | None, chance: random.Random):
        self._broker, self._proxy, self._disk, self._chance = broker, proxy, disk, chance
        self.kinds = [self.killed, self.frozen, self.cut, self.refused]
        self.kinds += [self.disk_full] if disk else []

    def killed(self) -> None:
        self._broker.restart()

    def frozen(self) -> None:
        self._broker.freeze()
        time.sleep(self._chance.uniform(0.1, 1.2))
        self._broker.thaw()

    def cut(self) -> None:
        self._proxy.cut(after=self._chance.randrange(1, 3000))

    def refused(self) -> None:
        self._broker.kill()
        time.sleep(self._chance.uniform(0.05, 0.4))
        self._broker.start()

    def disk_full(self) -> None:
        assert self._disk
        ballast = self._disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        time.sleep(self._chance.uniform(0.05, 0.3))
        self._broker.kill()
        with suppress(RuntimeError):
            self._broker.start()  # It may refuse to, with what it has written on a full disk.
        time.sleep(0.1)
        self._broker.kill()
        ballast.unlink()
        self._broker.start()


@pytest.mark.timeout(900)
def test_a_hundred_outages(
    tmp_path: Path, new_ledger: NewLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr(connection, "ACKNOWLEDGE_TIMEOUT_S", 0.5)
    monkeypatch.setattr("edge_agent.receiver.subscriber._LONGEST_PAUSE", 0.2)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    ledger = new_ledger(1)
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(tmp_path / "disk"))
        lines = ["max_inflight_messages 100", "persistence true", "autosave_interval 1"]
        lines += ["autosave_on_changes true", f"persistence_location {disk or tmp_path}/"]
        broker = stack.enter_context(Mosquitto(tmp_path, lines))
        proxy = stack.enter_context(Proxy(broker.port))
        database = tmp_path / "payroll.db"
        options = ReceiverOptions(
            database=str(database), host="127.0.0.1", port=broker.port, keepalive=5
        )
        running = stack.enter_context(Running(options))
        gate = stack.enter_context(Gate(proxy.port, ledger, receipt_timeout_s=1, keepalive_s=5))
        outages = Outages(broker, proxy, disk, chance)
        happened: dict[str, int] = {}
        for _ in range(100):
            for _ in range(chance.randrange(1, 4)):
                ledger.grow(chance.randrange(1, 30))
                gate.flow.notify()
                time.sleep(chance.uniform(0.0, 0.2))
            kind = chance.choice(outages.kinds)
            kind()
            happened[kind.__name__] = happened.get(kind.__name__, 0) + 1
        ledger.grow(1)
        gate.flow.notify()
        last = ledger.store.tail().seq
        deadline = time.monotonic() + 120
        while rows(database, "SELECT through FROM ledgers") != [(last,)]:
            assert time.monotonic() < deadline, "not everything arrived"
            time.sleep(0.2)
        gate.until_confirmed(last)
        assert running.error is None
        assert running.receiver.counts["fork"] == 0
        assert running.receiver.counts["damaged"] == 0
    held = dict(rows(database, "SELECT seq, wire FROM entries"))
    assert len(held) == last
    for entry in (entry for n in range(1, last + 1, 500) for entry in ledger.store.entries(n, 500)):
        assert bytes(held[entry.seq]) == entry.wire
    print(f"{happened}: {last} entries, {proxy.connections} connections of the gate")


@pytest.mark.alone
@pytest.mark.timeout(900)
def test_a_month_without_a_broker(
    tmp_path: Path, new_ledger: NewLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_S", 0.2)
    later = 0.0
    monotonic = HostClock.monotonic
    monkeypatch.setattr(HostClock, "monotonic", lambda self: monotonic(self) + later)
    ledger = new_ledger(1)
    for _ in range(100):
        ledger.grow(1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    broker = Mosquitto(tmp_path, ["max_inflight_messages 1000"])
    with Gate(broker.port, ledger) as gate:
        gate.until(lambda event: isinstance(event, UplinkChanged))
        for _ in range(30):
            later += 24 * 3600.0
            time.sleep(0.05)
        database = tmp_path / "payroll.db"
        options = ReceiverOptions(database=str(database), host="127.0.0.1", port=broker.port)
        with broker, Running(options) as running:
            live = 0
            deadline = time.monotonic() + 600
            while True:
                ledger.grow(1)
                gate.flow.notify()
                live += 1
                time.sleep(0.05)
                held = rows(database, "SELECT through FROM ledgers") if database.exists() else []
                if held and held[0][0] > 100_001:
                    break
                assert time.monotonic() < deadline
            last = ledger.store.tail().seq
            gate.until_confirmed(last)
            assert running.receiver.counts["fork"] == 0
    assert rows(database, "SELECT count(*), max(seq) FROM entries") == [(last, last)]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{last} entries, {live} of them live, memory grew by {grown:.0f} MiB (receiver included)"
    )
    assert grown < 100


@pytest.mark.timeout(300)
def test_a_frozen_broker_is_noticed_in_time(tmp_path: Path) -> None:
    """With the real timeouts: 20 s while anything is in flight, two minutes while nothing is."""
    folders = [tmp_path / "idle", tmp_path / "busy"]
    took: dict[str, float] = {}
    with ExitStack() as stack:
        gates = {}
        for folder in folders:
            folder.mkdir()
            ledger = Ledger(folder, 1)
            stack.callback(ledger.close)
            broker = stack.enter_context(Mosquitto(folder))
            stack.callback(broker.thaw)
            stack.enter_context(Payroll(broker.port, ledger).listening())
            gate = stack.enter_context(Gate(broker.port, ledger))
            gate.until_confirmed(1)
            gates[folder.name] = ledger, broker, gate
        time.sleep(3)  # The acknowledgement of the receipt is on its way no more.
        began = time.monotonic()
        for name, (ledger, broker, gate) in gates.items():
            broker.freeze()
            if name == "busy":
                ledger.grow(1)
                gate.flow.notify()
        for name in ("busy", "idle"):
            gate = gates[name][2]
            while True:
                event = gate.events.get(timeout=150)
                if isinstance(event, UplinkChanged) and event.state == "disconnected":
                    break
            took[name] = time.monotonic() - began
    print({name: round(seconds) for name, seconds in took.items()})
    assert took["busy"] < 25
    assert 30 < took["idle"] < 130
