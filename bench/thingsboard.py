"""How fast ThingsBoard's gateway sends the same backlog: beside ours, for scale.

    python -m venv /tmp/tb && /tmp/tb/bin/pip install thingsboard-gateway==3.8.5
    python bench/thingsboard.py /tmp/tb/bin/python [ENTRIES]

Both drain into one mosquitto on this machine's loopback, in turn, QoS 1, with a subscriber each.
Ours is measured from the first entry sent to the last acknowledged, theirs from the first message's
arrival to the last one's. ThingsBoard's gateway is the whole program as it is installed, with its
SQLite storage and no connectors; the entries are in its storage before it starts, put there by its
own class, each as the one value of a telemetry of one device. It packs many entries into a message,
where ours sends each as it is; so it is measured once as it packs, and once with its largest
message so small (1,000 bytes) that it sends one entry in each, as a gate does.

What is left out: ThingsBoard itself. This bench answers the gateway's first question, for the
server's limits, with "none", for without an answer it never sends anything; its rate limits, which
as it is installed would be the measurement, are off, and its pause between packs is 0. What it is
not: the same promise. A message is done there when the broker has acknowledged it, here when
payroll has confirmed the entry, which is not part of this measurement on either side.
"""

import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "bench"))

from paho.mqtt.client import Client, MQTTMessage  # noqa: E402
from paho.mqtt.enums import CallbackAPIVersion  # noqa: E402
from uplink import SUBSCRIBER, WINDOW, Ledger, gate, process  # noqa: E402

from tests.brokers import Mosquitto  # noqa: E402

ROUNDS = 3
PATIENCE_S = 300
TELEMETRY = "v1/gateway/telemetry"
ASKED = "v1/devices/me/rpc/request/"
ANSWERED = "v1/devices/me/rpc/response/"
NO_LIMITS = {
    "rateLimits": {"messages": "0:0,", "telemetryMessages": "0:0,", "telemetryDataPoints": "0:0,"},
    "gatewayRateLimits": {},
    "maxInflightMessages": WINDOW,
}

FILL = """
import json, logging, sys, threading, time
from thingsboard_gateway.storage.sqlite.sqlite_event_storage import SQLiteEventStorage
logging.Logger.trace = lambda *_, **__: None
storage = SQLiteEventStorage(
    {"data_file_path": sys.argv[1]}, logging.getLogger("fill"), threading.Event()
)
for number, line in enumerate(sys.stdin):
    event = {"deviceName": "main-gate", "deviceType": "default", "telemetry": [
        {"ts": 1795000000000 + number, "values": {"entry": line.rstrip()}}]}
    assert storage.put(json.dumps(event))
while not storage.write_queue.empty():
    time.sleep(0.1)
time.sleep(2)
storage.stop()
"""


PACKED, SINGLE = 65_535, 1_000
"""Bytes of its largest message."""


def settings(port: int, folder: Path, largest: int) -> dict[str, Any]:
    """The gateway's own file: as installed, but for what this page's head says."""
    limits = ("", "dp", "messages", "deviceMessages", "device", "deviceDp")
    named = {(name + ("R" if name else "r") + "ateLimits"): "0:0," for name in limits}
    return {
        "thingsboard": {
            **{"host": "127.0.0.1", "port": port, "qos": 1, "remoteShell": False},
            **{"remoteConfiguration": False, "statistics": {"enable": False}},
            **{"deviceFiltering": {"enable": False}, "handleDeviceRenaming": False},
            **{"maxPayloadSizeBytes": largest, "minPackSendDelayMS": 0, "minPackSizeToSend": 500},
            "security": {"type": "accessToken", "accessToken": "bench"},
            "checkingDeviceActivity": {"checkDeviceInactivity": False},
            **named,
        },
        "storage": {"type": "sqlite", "data_file_path": f"{folder}/data/"},
        "grpc": {"enabled": False},
        "connectors": [],
    }


class Subscriber:
    """Counts entries as they arrive, and answers the gateway's first question."""

    def __init__(self, port: int) -> None:
        self.seen: set[bytes] = set()
        self.messages = 0
        self.began = self.ended = 0.0
        self._wanted = self._largest = 0
        self._done = threading.Event()
        self._there = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_subscribe = lambda *_: self._there.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([(TELEMETRY, 0), (ASKED + "+", 0)])
        self._client.loop_start()
        assert self._there.wait(20)

    def expect(self, entries: int, largest: int) -> None:
        self._largest = largest
        self.messages = 0
        self.seen.clear()
        self._wanted = entries
        self._done.clear()

    def rate(self) -> float:
        """Entries a second, from the first one's arrival to the last one's."""
        assert self._done.wait(PATIENCE_S), f"{len(self.seen)} of {self._wanted} came"
        return self._wanted / (self.ended - self.began)

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.topic.startswith(ASKED):
            answer = json.dumps({**NO_LIMITS, "maxPayloadSize": self._largest})
            client.publish(ANSWERED + message.topic.removeprefix(ASKED), answer, qos=1)
            return
        if not self.messages:
            self.began = time.perf_counter()
        self.messages += 1
        self.seen.update(re.findall(rb'"ts":(\d+)', message.payload))
        if len(self.seen) == self._wanted:
            self.ended = time.perf_counter()
            self._done.set()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextlib.contextmanager
def thingsboard(
    python: str, folder: Path, port: int, wires: list[bytes], largest: int
) -> Iterator[None]:
    """Its gateway at work, with the entries in its storage."""
    (folder / "data").mkdir(parents=True)
    (folder / "config").mkdir()
    (folder / "config" / "tb_gateway.json").write_text(json.dumps(settings(port, folder, largest)))
    subprocess.run([python, "-c", FILL, f"{folder}/data/"], input=b"\n".join(wires), check=True)
    program = Path(python).parent / "thingsboard-gateway"
    with (folder / "said").open("wb") as said:
        child = subprocess.Popen(
            [str(program)],
            cwd=folder,
            env={**os.environ, "TB_GW_CONFIG_DIR": f"{folder}/config"},
            stdout=said,
            stderr=said,
        )
        try:
            yield
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()


def main() -> None:
    """Measure and print."""
    if len(sys.argv) < 2:
        print("ThingsBoard's gateway is not here: see the head of this file.")
        return
    entries = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as name:
        folder = Path(name)
        ledger = Ledger(folder / "ledger", entries)
        with (
            Mosquitto(folder, [f"max_inflight_messages {WINDOW}"]) as broker,
            process("-c", SUBSCRIBER, str(broker.port)),
        ):
            subscriber = Subscriber(broker.port)
            ours: list[float] = []
            theirs: dict[int, list[float]] = {PACKED: [], SINGLE: []}
            packs = {}
            for number in range(ROUNDS):  # In turn: whoever else uses the machine is in all.
                ours.append(gate(broker.port, ledger))
                for largest, rates in theirs.items():
                    subscriber.expect(entries, largest)
                    here = folder / f"{number}-{largest}"
                    with thingsboard(sys.argv[1], here, broker.port, ledger.wires, largest):
                        rates.append(subscriber.rate())
                    packs[largest] = entries / subscriber.messages
            subscriber.close()
    us = statistics.median(ours)
    print(f"{entries} entries, QoS 1; entries a second, median of {ROUNDS}")
    print(f"{'from the ledger':<38}{us:8.0f}")
    for largest, rates in theirs.items():
        them = statistics.median(rates)
        what = f"ThingsBoard, {packs[largest]:.0f} entries a message"
        print(f"{what:<38}{them:8.0f}   ratio {us / them:.1f}")


if __name__ == "__main__":
    main()
