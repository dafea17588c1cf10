"""How fast a backlog goes from the ledger to the broker.

    python bench/uplink.py [ENTRIES]

On this machine's loopback, into one mosquitto, with a subscriber in a process of its own:

- the gate's uplink as it is (SQLite file, outbox, watermarks) beside bare paho, driven by the same
  kind of loop, with the same messages in memory and the same window;
- the same over a line with a round trip of 30 ms (a delaying proxy; the round trip is measured by
  one publication at a time), against window ÷ round trip;
- a mosquitto of the gate's own, bridged to the same broker with durable settings.

Ratios of one run count; absolute figures are this machine's.
"""

import contextlib
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from paho.mqtt.client import Client  # noqa: E402
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion  # noqa: E402
from paho.mqtt.packettypes import PacketTypes  # noqa: E402
from paho.mqtt.properties import Properties  # noqa: E402

from edge_agent.gate.ports import Acknowledged, BrokerEvent, Watermarks  # noqa: E402
from edge_agent.gate.settings.schema import MqttSettings  # noqa: E402
from edge_agent.gate.uplink.mqtt.broker import PahoBroker  # noqa: E402
from tests.brokers import MOSQUITTO, Mosquitto  # noqa: E402
from tests.gate.uplink import gates  # noqa: E402
from tests.gate.uplink.gates import TOPICS, HandClock  # noqa: E402

WINDOW = 1000
ROUND_TRIP_S = 0.030
ROUNDS = 3
AT_ONCE = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

SUBSCRIBER = """
import sys
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
client.connect("127.0.0.1", int(sys.argv[1]))
client.subscribe("attendance/+/ledger", 0)
client.on_subscribe = lambda *_: print("there", flush=True)
client.loop_forever()
"""


@contextlib.contextmanager
def process(*command: str) -> Iterator[str]:
    """A process, and the first line that it says."""
    child = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        yield child.stdout.readline().decode().strip()
    finally:
        child.kill()
        child.wait()


class Ledger(gates.Ledger):
    """A ledger of so many entries, with the bytes of each."""

    def __init__(self, folder: Path, entries: int) -> None:
        folder.mkdir()
        super().__init__(folder, 1)
        for first in range(1, entries, 1000):
            self.grow(min(1000, entries - first))
        store = self.store
        self.wires = [
            entry.wire
            for first in range(1, entries + 1, 1000)
            for entry in store.entries(first, 1000)
        ]

    def forget(self) -> None:
        """Nothing of it was ever published."""
        self.store.move_watermarks(Watermarks(0, 0))


class Counting(PahoBroker):
    """Notes when so many publications have been acknowledged."""

    def expect(self, acknowledgements: int) -> None:
        """Begin to count."""
        self._left = acknowledgements
        self.began = 0.0
        self.done = threading.Event()

    def poll(self, seconds: float) -> list[BrokerEvent]:
        """As the adapter's own."""
        events = super().poll(seconds)
        for event in events:
            if isinstance(event, Acknowledged):
                if not self.began:  # The status, after which entries begin.
                    self.began = time.perf_counter()
                    continue
                assert event.code == 0 or self._left <= 0, event
                self._left -= 1
                if self._left == 0:
                    self.took = time.perf_counter() - self.began
                    self.done.set()
        return events


class SteadyClock(HandClock):
    """The monotonic clock."""

    def monotonic(self) -> float:
        """Now."""
        return time.monotonic()


def gate(port: int, ledger: Ledger) -> float:
    """Entries a second from the ledger, by the gate's own uplink."""
    ledger.forget()
    mqtt = MqttSettings(host="127.0.0.1", port=port, protocol="5", receipt_timeout_s=3600)
    broker, stop = Counting(mqtt, "bench-gate"), threading.Event()
    broker.expect(len(ledger.wires))
    flow = gates.uplink(mqtt, ledger, broker, SteadyClock())
    thread = threading.Thread(target=flow.run, args=(stop, lambda: None))
    thread.start()
    assert broker.done.wait(600)
    stop.set()
    flow.notify()
    thread.join()
    return len(ledger.wires) / broker.took


def bare(port: int, wires: list[bytes], window: int) -> float:
    """The same messages from memory, by paho and nothing else."""
    left, free, connected = len(wires), window, False

    def on_connect(*_: Any) -> None:
        nonlocal connected
        connected = True

    def on_publish(*_: Any) -> None:
        nonlocal left, free
        left, free = left - 1, free + 1

    client = Client(CallbackAPIVersion.VERSION2, "bench-bare", protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(0)
    client.on_connect, client.on_publish = on_connect, on_publish
    client.on_socket_open = lambda _c, _d, sock: sock.setsockopt(*AT_ONCE)
    client.connect("127.0.0.1", port)
    content = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    content.ContentType = "application/cloudevents+json"
    began, following = 0.0, iter(wires)
    while left:
        if connected:
            began = began or time.perf_counter()
            while free and (wire := next(following, None)) is not None:
                client.publish(TOPICS.ledger, wire, 1, properties=content)
                free -= 1
        sock = client.socket()
        assert sock is not None
        waiting = select.poll()
        waiting.register(sock, select.POLLIN | select.POLLOUT * client.want_write())
        for _, happened in waiting.poll(1000):
            if happened & select.POLLIN:
                client.loop_read()
            if happened & select.POLLOUT:
                client.loop_write()
        client.loop_misc()
    took = time.perf_counter() - began
    client.disconnect()
    return len(wires) / took


def bridge(folder: Path, port: int, wires: list[bytes]) -> float:
    """Through a mosquitto of the gate's own that keeps everything on disk before it goes on."""
    lines = [
        *("persistence true", f"persistence_location {folder}/", "persistence_file bridge.db"),
        *("autosave_interval 1", "autosave_on_changes true", "max_queued_messages 0"),
        *(f"max_inflight_messages {WINDOW}", "connection up", f"address 127.0.0.1:{port}"),
        *("topic # out 1", "cleansession false", "bridge_protocol_version mqttv50"),
    ]
    arrived = threading.Semaphore(0)
    counter = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    counter.on_message = lambda *_: arrived.release()
    there = threading.Event()
    counter.on_subscribe = lambda *_: there.set()
    counter.connect("127.0.0.1", port)
    counter.subscribe("attendance/+/ledger", 0)
    counter.loop_start()
    assert there.wait(20)
    with Mosquitto(folder, lines) as local:
        began = time.perf_counter()
        bare(local.port, wires, WINDOW)
        for _ in wires:
            assert arrived.acquire(timeout=120)
        took = time.perf_counter() - began
    counter.disconnect()
    counter.loop_stop()
    return len(wires) / took


class Measured(NamedTuple):
    """Entries a second, and entries for each second of this process's own work."""

    wall: float
    cpu: float


def measured(entries: int, run: Callable[[], float]) -> Measured:
    """One round."""
    began = time.process_time()
    wall = run()
    return Measured(wall, entries / (time.process_time() - began))


def middle(rounds: list[Measured]) -> Measured:
    """The medians."""
    return Measured(*(statistics.median(column) for column in zip(*rounds, strict=True)))


def main() -> None:
    """Measure and print."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    if MOSQUITTO is None:
        raise SystemExit("mosquitto is not installed: apt-get install mosquitto")
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as name:
        folder = Path(name)
        ledger = Ledger(folder / "many", entries)
        size = sum(map(len, ledger.wires)) // entries
        print(f"{entries} entries of {size} bytes, MQTT 5, QoS 1; entries a second\n")
        quick = [f"max_inflight_messages {WINDOW}"]
        with (
            Mosquitto(folder, quick) as broker,
            process("-c", SUBSCRIBER, str(broker.port)) as said,
        ):
            assert said == "there"
            ours, theirs = [], []
            for _ in range(ROUNDS):  # In turn: whoever else uses the machine is in both.
                ours.append(measured(entries, lambda: gate(broker.port, ledger)))
                theirs.append(measured(entries, lambda: bare(broker.port, ledger.wires, WINDOW)))
            us, paho = middle(ours), middle(theirs)
            print(f"{'':<22}{'a second':>10}{'a CPU second':>14}")
            print(f"{'from the ledger':<22}{us.wall:10.0f}{us.cpu:14.0f}")
            print(f"{'bare paho':<22}{paho.wall:10.0f}{paho.cpu:14.0f}")
            print(f"{'ratio':<22}{us.wall / paho.wall:10.2f}{us.cpu / paho.cpu:14.2f}")
            some = ledger.wires[: entries // 10]
            through = bridge(folder, broker.port, some)
            print(f"{'mosquitto bridge':<22}{through:10.0f}   durable settings")
            print(f"{'ratio':<22}{us.wall / through:10.1f}\n")
        for window in (20, 100, 300):
            few = Ledger(folder / f"few-{window}", max(2000, 100 * window))
            with (
                Mosquitto(folder, [f"max_inflight_messages {window}"]) as broker,
                process("-c", SUBSCRIBER, str(broker.port)),
                process("-m", "tests.proxy", str(broker.port), str(ROUND_TRIP_S)) as port,
            ):
                single = bare(int(port), few.wires[:50], 1)
                most = window * single
                rate, other = gate(int(port), few), bare(int(port), few.wires, window)
                print(
                    f"{1000 / single:.0f} ms, window {window:<4}{rate:7.0f} of {most:.0f}"
                    f" (ratio {rate / most:.2f}; bare paho {other / most:.2f})"
                )


if __name__ == "__main__":
    main()
