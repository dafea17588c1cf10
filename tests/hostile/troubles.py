"""What befalls the gate: each trouble begins, goes on between two presses, and ends."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge_agent.contract.atomic_file import sync
from edge_agent.contract.chain import Scribe
from edge_agent.contract.facts import PunchVoided
from edge_agent.contract.messages import Topics
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.simulator.faults import FAULTS
from tests.gate.ledger.small_disk import fill, switch_off_and_on
from tests.system.gate import rows

from . import client, front
from .week import WORKERS, HostileWeek

_MINE = Topics("attendance", "main-gate")
_FIFREEZE, _FITHAW = 0xC0045877, 0xC0045878  # linux/fs.h


class Trouble:
    """One of a subject. ``name`` begins with the subject."""

    def __init__(self, week: HostileWeek, name: str) -> None:
        self.week = week
        self.name = name

    def begin(self) -> None:
        """It begins."""

    def go_on(self) -> None:
        """Called after each press."""

    def end(self) -> None:
        """Nothing is left of it."""


class Voice:
    """A client that publishes at the sound broker, and waits for no answer: it may be frozen."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def say(self, topic: str, payload: object) -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._client.publish(topic, data, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        with suppress(AttributeError):  # paho's thread may end between its question and its join.
            self._client.loop_stop()


class BadBroker(Trouble):
    """One kind of the Front; who is connected is cut off first, half of the time."""

    def begin(self) -> None:
        self.week.front.kind = self.name.removeprefix("broker ")
        if self.week.random.random() < 0.5:
            self.week.front.cut()

    def end(self) -> None:
        self.week.front.kind = front.SOUND
        self.week.front.cut()


class FrozenBroker(Trouble):
    def begin(self) -> None:
        self.week.mosquitto.freeze()

    def end(self) -> None:
        self.week.mosquitto.thaw()


class KilledBroker(Trouble):
    """It forgets sessions and what is retained."""

    def begin(self) -> None:
        self.week.mosquitto.restart()


class BadPayroll(Trouble):
    """Somebody publishes as payroll: receipts, rosters, commands, all unsigned and some broken."""

    def begin(self) -> None:
        self._voice = Voice(self.week.mosquitto.port)

    def go_on(self) -> None:
        random, say = self.week.random, self._voice.say
        [(ledger,)] = rows(self.week.gate.database, "SELECT ledger FROM identity")
        through = random.choice([1, 7, 2**31, 2**53, 2**63, 10**30, -1])
        say(_MINE.receipts(ledger), {"ledger": ledger, "through": through, "hash": "0" * 64})
        row = {"code": random.choice(WORKERS), "name": "Người lạ", "active": False}
        version = random.choice([1, time.time_ns(), 2**53, 10**30])
        say(_MINE.roster, {"version": version, "count": 1, "workers": [row]})
        say(_MINE.roster, b"[" * random.choice([100, 100_000]))
        say(_MINE.commands, {"command": "report", "id": str(through)})
        say(_MINE.commands, random.randbytes(300))

    def end(self) -> None:
        self._voice.close()


class FrozenPayroll(Trouble):
    def begin(self) -> None:
        self.week.receiver.signal(signal.SIGSTOP)

    def end(self) -> None:
        self.week.receiver.signal(signal.SIGCONT)


class KilledPayroll(Trouble):
    def begin(self) -> None:
        how = self.week.random.choice([signal.SIGKILL, signal.SIGTERM])
        self.week.end(self.week.receiver, how)
        self.week.ensure()


class Impostor(Trouble):
    """Another gate with the ledger id of ours goes on with our ledger, and voids our last punch."""

    def begin(self) -> None:
        self._voice = Voice(self.week.mosquitto.port)

    def go_on(self) -> None:
        database = self.week.gate.database
        [(ledger,)] = rows(database, "SELECT ledger FROM identity")
        found = rows(database, "SELECT seq, hash, wire FROM ledger ORDER BY seq DESC LIMIT 1")
        punches = self.week.gate.punches()
        if not punches:
            return
        [(seq, tip, wire)] = found
        of, worker = punches[-1]
        boot = json.loads(wire)["data"]["clock"]
        stamp = Stamp(
            boot=boot["boot"],
            boottime_ms=boot["boottime_ms"] + 1,
            wall_ms=time.time_ns() // 10**6,
            state=ClockState.SYNCED,
            uncertainty_ms=1,
        )
        for gate in ("impostor", "main-gate"):
            scribe = Scribe(gate=gate, ledger=ledger, zone=ZoneInfo("Asia/Ho_Chi_Minh"))
            fact = PunchVoided(of=of, worker=worker, reason="forged", actor="uid:0")
            entry = scribe.write(fact, stamp, seq + 1, tip)
            self._voice.say(Topics("attendance", "impostor").ledger, entry.wire)

    def end(self) -> None:
        self._voice.close()


class Twins(Trouble):
    """Somebody takes the client ids of gate and payroll, again and again."""

    def go_on(self) -> None:
        for name in sorted(self.week.front.clients):
            twin = Client(
                CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5
            )
            with suppress(OSError):
                twin.connect("127.0.0.1", self.week.mosquitto.port)
                for _ in range(5):
                    twin.loop(0.02)
                twin.disconnect()
                twin.loop(0.02)


class BadLine(Trouble):
    """The sensor's replies are spoiled."""

    _KINDS = sorted(FAULTS.keys() - {"power-cut", "swap-sensor"})

    def go_on(self) -> None:
        with suppress(AssertionError):
            kind = self.week.random.choice(self._KINDS)
            self.week.gate.finger(f"fault {kind} {self.week.random.randrange(1, 4)}")


class LoosePlug(Trouble):
    def go_on(self) -> None:
        way = self.week.random.choice(["unplug\nplug", "power off\npower on"])
        self.week.gate.finger(way)

    def end(self) -> None:
        for line in ("plug", "power on"):
            with suppress(AssertionError):
                self.week.gate.finger(line)


class LyingModule(Trouble):
    """It copied the mark, and strangers' fingers are in its slots."""

    def begin(self) -> None:
        self.week.gate.finger("impostor\nunplug\nplug")

    def go_on(self) -> None:
        slot = self.week.random.randrange(len(WORKERS))
        press = self.week.press(f"impostor-{slot}", (self.name,))
        if press.outcome == "recorded":
            self.week.told.append(f"an impostor's finger was green: slot {slot}")

    def end(self) -> None:
        self.week.gate.simulate("--no-pace")


class Clients(Trouble):
    """Three processes of one kind at the control socket."""

    def begin(self) -> None:
        kind, path = self.name.removeprefix("client "), str(self.week.gate.socket)
        command = [sys.executable, "-m", "tests.hostile.client", kind, path]
        self._clients = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]

    def end(self) -> None:
        for one in self._clients:
            one.kill()
            one.wait()


class BadClock(Trouble):
    """The clock jumps, and the kernel vouches for it, or does not."""

    def begin(self) -> None:
        self.go_on()

    def go_on(self) -> None:
        random = self.week.random
        ahead = random.choice([0, 90_000, -90_000, 3_600_000, -3_600_000, 10**11, -(6 * 10**11)])
        self.week.set_clock(ahead, random.choice([None, 1, 40, 15_000]))

    def end(self) -> None:
        self.week.set_clock(0, 40)


class FullDisk(Trouble):
    def begin(self) -> None:
        assert self.week.disk is not None
        self.week.disk_fails = True
        self._files = [fill(self.week.disk)]

    def go_on(self) -> None:
        assert self.week.disk is not None
        if len(self._files) < 10:
            self._files.append(fill(self.week.disk, f"ballast-{len(self._files)}"))

    def end(self) -> None:
        assert self.week.disk is not None
        for file in self._files:
            file.unlink(missing_ok=True)
        sync(self.week.disk)  # Or they are there again after the next disk that dies.
        self.week.ensure()
        self.week.disk_fails = False


class DeadDisk(Trouble):
    """The kernel lets nobody write any more; the machine is switched off and on afterwards."""

    def begin(self) -> None:
        self.week.disk_fails = True
        self._mount("-o", "remount,abort")

    def end(self) -> None:
        disk = self.week.disk
        assert disk is not None
        if self.week.daemon.runs:
            self.week.end(self.week.daemon, signal.SIGKILL)
        self.week.forget_watch()
        switch_off_and_on(disk)
        self.week.ensure()
        self.week.disk_fails = False

    def _mount(self, *options: str) -> None:
        assert self.week.disk is not None
        command = ["mount", *options, str(self.week.disk)]
        subprocess.run(command, check=True, capture_output=True)


class SlowDisk(Trouble):
    """It stands still for up to 0.4 s, again and again."""

    def begin(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._stall)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _stall(self) -> None:
        assert self.week.disk is not None
        folder = os.open(self.week.disk, os.O_RDONLY)
        try:
            while not self._over.wait(0.3):
                fcntl.ioctl(folder, _FIFREEZE, 0)
                time.sleep(0.05 + 0.35 * (time.monotonic() % 1))
                fcntl.ioctl(folder, _FITHAW, 0)
        finally:
            os.close(folder)


class Killed(Trouble):
    """SIGKILL somewhere in a press or two."""

    def go_on(self) -> None:
        random = self.week.random
        if random.random() < 0.5:
            timer = threading.Timer(random.uniform(0, 0.15), self.week.daemon.process.kill)
            timer.start()
            self.week.press(self.week.somebody(), (self.name,))
            timer.join()
            self.week.daemon.wait(30)
            self.week.ensure()


class Stopped(Trouble):
    """SIGTERM, as an upgrade sends it."""

    def begin(self) -> None:
        self.week.end(self.week.daemon, signal.SIGTERM)
        self.week.ensure()


class Frozen(Trouble):
    """The daemon stands still for a while, as on a machine that does."""

    def go_on(self) -> None:
        self.week.daemon.signal(signal.SIGSTOP)
        time.sleep(self.week.random.uniform(0.1, 4))
        self.week.daemon.signal(signal.SIGCONT)


def all_troubles(week: HostileWeek) -> dict[str, list[Callable[[], Trouble]]]:
    """Those of each subject; only one of a subject at a time."""

    def of(kind: type[Trouble], *names: str) -> list[Callable[[], Trouble]]:
        return [lambda name=name: kind(week, name) for name in names]

    subjects = {
        "broker": [
            *of(BadBroker, *(f"broker {kind}" for kind in front.KINDS)),
            *of(FrozenBroker, "broker frozen"),
            *of(KilledBroker, "broker killed"),
        ],
        "payroll": [
            *of(BadPayroll, "payroll lies"),
            *of(FrozenPayroll, "payroll frozen"),
            *of(KilledPayroll, "payroll killed"),
        ],
        "gate": [*of(Impostor, "gate impostor"), *of(Twins, "gate twins")],
        "sensor": [
            *of(BadLine, "sensor line"),
            *of(LoosePlug, "sensor plug"),
            *of(LyingModule, "sensor lies"),
        ],
        "client": of(Clients, *(f"client {kind}" for kind in client.KINDS)),
        "clock": of(BadClock, "clock"),
        "kill": [
            *of(Killed, "kill"),
            *of(Stopped, "kill softly"),
            *of(Frozen, "kill halfway"),
        ],
    }
    if week.disk is not None:
        subjects["disk"] = [
            *of(FullDisk, "disk full"),
            *of(DeadDisk, "disk dead"),
            *of(SlowDisk, "disk slow"),
        ]
    return subjects
