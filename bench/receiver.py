"""How many entries a second payroll's receiver takes into PostgreSQL, from 10 gates to 1,000.

    .venv/bin/python bench/receiver.py

A real mosquitto, a real PostgreSQL with fsync on and ``edge-agent receive`` as its own process.
Another process has made the entries beforehand, chained and hashed as gates make them, and
publishes them as fast as the broker takes them. The clock runs from the first publish until the
receipts of all gates say that everything is held. The CPU seconds are the receiver's own; broker,
PostgreSQL and publisher use the same two cores.

Left out: all gates share one connection (a broker with a thousand sockets has more to do), one
machine runs everything, the entries are punches and hourly signs of life with no voids, gaps or
forks among them. mosquitto's limits are raised as docs/receiver.md says for many gates.
"""

import argparse
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.brokers import Mosquitto
from tests.postgresql import Postgresql
from tests.receiver.gate import write_ledger

LIMITS = ["max_inflight_messages 1000", "max_queued_messages 0", "log_type error"]
WINDOW = 500


def publish(port: int, gates: int, each: int, to: Connection) -> None:
    """Make the entries, wait for the word, publish, tell how long it took until all was held."""
    ledgers = {f"gate-{n}": write_ledger(each, gate=f"gate-{n}") for n in range(gates)}
    packets = [
        _publish(gate, entries[place].wire, 1 + number % 60_000)
        for number, (place, gate, entries) in enumerate(
            (place, gate, entries) for place in range(each) for gate, entries in ledgers.items()
        )
    ]
    done = threading.Event()
    held: set[str] = set()
    receipts = 0

    def on_message(_c: object, _u: object, message: MQTTMessage) -> None:
        nonlocal receipts
        receipts += 1
        if json.loads(message.payload)["through"] == each:
            held.add(message.topic)
            if len(held) == gates:
                done.set()

    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.subscribe("attendance/+/receipts/+", qos=0)
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05bench")
    line.recv(4)
    to.send("ready")
    to.recv()
    start = time.monotonic()
    unread = 0
    for first in range(0, len(packets), WINDOW):
        some = packets[first : first + WINDOW]
        line.sendall(b"".join(some))
        unread += 4 * len(some)  # A PUBACK has four bytes.
        while unread > 4 * WINDOW:
            unread -= len(line.recv(65536))
    done.wait(600)
    to.send((time.monotonic() - start, receipts, len(held)))
    client.disconnect()
    client.loop_stop()
    line.close()


def _publish(gate: str, wire: bytes, mid: int) -> bytes:
    """A PUBLISH at QoS 1 as MQTT 3.1.1 has it: a client library would cost as much as all else."""
    topic = f"attendance/{gate}/ledger".encode()
    body = len(topic).to_bytes(2) + topic + mid.to_bytes(2) + wire
    length = bytes([len(body) % 128 | 128, len(body) // 128])  # From 128 to 16,383 bytes.
    return b"\x32" + length + body


@contextmanager
def receiver(database: str, port: int, log: Path) -> Iterator[int]:
    """The receiver's process id, once it is connected."""
    command = [sys.executable, "-m", "edge_agent", "receive", "--database", database]
    with (
        log.open("wb") as said,
        subprocess.Popen([*command, "--port", str(port)], stdout=said, stderr=said) as process,
    ):
        while b"connected" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield process.pid
        process.terminate()


def used(pid: int) -> tuple[float, float]:
    """Peak resident memory in MiB, and CPU seconds, of a process so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(peak.split()[1]) / 1024, (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def measure(cluster: Postgresql | None, gates: int, entries: int, folder: Path) -> str:
    """One run, as a row of the table."""
    each = entries // gates
    database = cluster.new_database() if cluster else str(folder / f"payroll-{gates}.db")
    with Mosquitto(folder, LIMITS) as broker:
        ours, theirs = multiprocessing.Pipe()
        publisher = multiprocessing.Process(target=publish, args=(broker.port, gates, each, theirs))
        publisher.start()
        assert ours.recv() == "ready"
        with receiver(database, broker.port, folder / "receiver.log") as pid:
            before = used(pid)[1]
            ours.send("go")
            seconds, receipts, held = ours.recv()
            peak, cpu = used(pid)
        publisher.join()
    assert held == gates, f"{held} of {gates} gates were confirmed"
    total = each * gates
    return (
        f"| {gates} | {total:,} | {total / seconds:,.0f} | {total / (cpu - before):,.0f}"
        f" | {receipts:,} | {peak:.0f} MiB |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gates", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--sqlite", action="store_true", help="into a SQLite file instead")
    options = parser.parse_args()
    print("| gates | entries | a second | for each of its CPU seconds | receipts | peak memory |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        if options.sqlite:
            for gates in options.gates:
                print(measure(None, gates, options.entries, Path(folder)), flush=True)
        else:
            with Postgresql(settings=()) as cluster:
                for gates in options.gates:
                    print(measure(cluster, gates, options.entries, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
