"""A whole gate with payroll, and everybody around it who means it ill or fails: a week in minutes.

Real: sensor's line, daemon, database on a disk of its own, broker, payroll's receiver, each a
process. Between gate, payroll and broker stands a Front. Troubles come at random, one to three at a
time, of other subjects each; in between nothing is wrong, and such presses are what all others are
held against.
"""

import queue
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import Any

from edge_agent.receiver.signing_key import new_signing_key
from tests.brokers import Mosquitto
from tests.gate.ledger.small_disk import ext4_disk, may_make_ext4
from tests.patience import PATIENCE_S
from tests.system.gate import STAFF, Gate, Part, name_of, rows
from tests.system.watch import Ended, Event, Watch

from .front import SOUND, Front

WORKERS = STAFF[:24]
_ANSWERED_WITHIN_S = 6.0
"""What is not answered by then was not seen, as far as the worker knows."""

_ENDS = {0, -signal.SIGKILL}
"""How a daemon may end: as it was told to."""


class Press:
    """One press, when nothing was wrong or amid which troubles."""

    def __init__(self, code: str, troubles: tuple[str, ...]) -> None:
        self.code = code
        self.troubles = troubles
        self.seconds: float | None = None
        self.outcome: str | None = None


class HostileWeek:
    """A context manager: ``around`` it are the troubles, which use what is public here."""

    def __init__(self, folder: Path, seed: int, plant: str = "nothing") -> None:
        self.folder = folder
        self.random = Random(seed)
        self.plant = plant
        self.presses: list[Press] = []
        self.green: Counter[tuple[int, str]] = Counter()
        self.wrongly_green: list[Event] = []
        self.memory: dict[str, int] = {"gate": 0, "receiver": 0}
        """Peaks of VmRSS, in kB: everything that the process has in memory, shared pages too."""
        self.ends: Counter[str] = Counter()
        self.told: list[str] = []
        """What else must not be."""
        self.disk_fails = False
        """Whether a daemon may find no disk to start on."""
        self._stack = ExitStack()
        self._watch: Watch | None = None
        self._read = 0
        self._pressed: set[str] = set()

    def __enter__(self) -> "HostileWeek":
        with ExitStack() as stack:
            self.mosquitto = stack.enter_context(Mosquitto(self.folder, ["max_queued_messages 0"]))
            heard = self.folder / "heard"
            self.front = Front(self.mosquitto.port, heard, self.random.getrandbits(32))
            stack.enter_context(self.front)
            self.gate = gate = stack.enter_context(Gate())
            gate.folder.chmod(0o711)  # Those of the group reach the socket.
            self.disk: Path | None = None
            if may_make_ext4():
                self.disk = gate.folder / "disk"
                self.disk.mkdir()
                stack.enter_context(ext4_disk(self.disk, "48m"))
                gate.set(store={"path": "disk/gate.db"})
                gate.database = self.disk / "gate.db"
            self._keys = self.folder / "payroll.key"
            key = new_signing_key(self._keys)
            self.clock = gate.folder / "clock"
            self.set_clock(0, 40)
            gate.set(
                mqtt={"port": self.front.port, "receipt_timeout_s": 1},
                punch={"repeat_window_s": 0},
                clock={"trust": "auto"},
                payroll={"public_key": key.public},
            )
            gate.simulate("--no-pace")
            gate.enrol(*WORKERS)
            self.ensure()
            stack.callback(self.forget_watch)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def set_clock(self, ahead_ms: int, error_ms: int | None) -> None:
        """What the machine's clock shows, and the kernel says of it."""
        new = self.clock.with_suffix(".new")
        new.write_text(f"{ahead_ms} {'none' if error_ms is None else error_ms}")
        new.rename(self.clock)

    def ensure(self) -> None:
        """Have daemon and receiver run, as a service manager does."""
        if not hasattr(self, "daemon") or not self.daemon.runs:
            self._start_daemon()
        if not hasattr(self, "receiver") or not self.receiver.runs:
            if hasattr(self, "receiver"):
                self._ended("receiver", self.receiver)
            self.receiver = self.gate.receive("--signing-key", str(self._keys))

    def end(self, part: Part, how: signal.Signals) -> None:
        """SIGKILL or SIGTERM, and wait for that."""
        part.signal(how)
        part.signal(signal.SIGCONT)
        try:
            part.wait(30)
        except subprocess.TimeoutExpired:
            self.told.append(f"{part.log.name} did not heed {how.name}")
            part.kill()

    def somebody(self) -> str:
        """Who presses next: never the last one, whose finger a gate that is held up may not have
        seen leave the glass.
        """
        last = self.presses[-1].code if self.presses else None
        return self.random.choice([code for code in WORKERS if code != last])

    def press(self, code: str, troubles: tuple[str, ...] = ()) -> Press:
        """One press by the finger called ``code``, and what came of it."""
        press = Press(code, troubles)
        self.presses.append(press)
        if not self.daemon.runs:
            self.ensure()
        self._pressed.add(code)
        began = time.monotonic()
        with suppress(AssertionError):  # Its module may be away.
            self.gate.press(code)
        end = began + _ANSWERED_WITHIN_S
        while press.outcome is None and time.monotonic() < end:
            event = self._next(end)
            if event is None:
                break
            if event["event"] == "panel" and event["worker"] in (code, None):
                press.seconds = time.monotonic() - began
                press.outcome = event["outcome"]
        if press.outcome is None:
            with suppress(AssertionError):
                self.gate.finger("lift")
        self._measure()
        return press

    def calm(self) -> None:
        """Wait until nothing is wrong any more."""
        self.front.kind = SOUND
        self.ensure()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with suppress(AssertionError):
                status = self.gate._answer({"ask": "status"})
                if status["sensor"]["state"] == status["store"]["state"] == "ready":
                    return
            assert time.monotonic() < deadline, "sensor or disk is not in use again"
            self.ensure()
            time.sleep(0.2)

    def settle(self) -> None:
        """All troubles are over: payroll gets everything, or never will.

        Both begin anew, for either may wait up to two minutes for a broker that was away long.
        """
        self.calm()
        for part in (self.daemon, self.receiver):
            self.end(part, signal.SIGTERM)
        self.ensure()
        self.calm()
        deadline = time.monotonic() + 2 * PATIENCE_S
        while True:
            last = rows(self.gate.database, "SELECT max(seq) FROM ledger")[0][0]
            confirmed = rows(self.gate.database, "SELECT confirmed FROM watermarks")[0][0]
            if confirmed >= last:
                break
            assert time.monotonic() < deadline, f"payroll has {confirmed} of {last} entries"
            time.sleep(0.5)
        for part in (self.daemon, self.receiver):
            self.end(part, signal.SIGTERM)
        self._drain()
        self._ended("gate", self.daemon)
        self._ended("receiver", self.receiver)

    def faults(self) -> list[str]:
        """Everything that must not be."""
        found = list(self.told)
        paid = Counter(self.gate.paid())
        written = Counter(self.gate.punches())
        lost = [one for one in self.green if one not in paid]
        if again := [one for one, count in self.green.items() if count > 1]:
            found.append(f"green more than once: {again[:5]}")
        if lost:
            found.append(f"green and not at payroll: {lost[:5]} ({len(lost)})")
        if twice := [one for one, count in paid.items() if count > 1]:
            found.append(f"at payroll more than once: {twice[:5]} ({len(twice)})")
        if paid != written:
            found.append(f"payroll has {len(paid)} punches, the gate {len(written)}")
        [(ledgers, voided)] = rows(
            self.gate.payroll,
            "SELECT count(DISTINCT ledger), count(*) FILTER (WHERE state = 'voided') FROM punches",
        )
        if ledgers != 1:
            found.append(f"{ledgers} ledgers have punches")
        if voided:
            found.append(f"{voided} punches were voided by somebody else")
        if self.wrongly_green:
            found.append(f"green for somebody who did not press: {self.wrongly_green[:3]}")
        for what, most in (("gate", 60), ("receiver", 80)):
            if self.memory[what] > most * 1024:
                found.append(f"the {what} took {self.memory[what] / 1024:.1f} MB")
        found += [f"uncaught in {name}" for name, said in self.logs() if _UNCAUGHT.search(said)]
        found += self._names()
        found += [f"the front failed: {error!r}" for error in self.front.failed]
        return found

    def late(self, strict: bool) -> str | None:
        """Whether troubles made presses late by more than a second, to those without any.

        Sensors' lines, disks and kills take presses themselves; of others none may be later.
        ``strict``: not one. On a machine with other work some are late without any trouble, so
        then no greater share of them than of those.
        """
        calm = [one.seconds for one in self.presses if not one.troubles and one.seconds]
        bound = statistics.median(calm) + 1.0
        concerned = [one for one in self.presses if one.troubles and _may_not_delay(one)]
        late = [one for one in concerned if one.seconds is None or one.seconds > bound]
        late_anyway = sum(seconds > bound for seconds in calm) / len(calm)
        share = len(late) / max(1, len(concerned))
        allowed = late_anyway if strict else late_anyway + 0.02
        if share <= allowed:
            return None
        worst = Counter(trouble for one in late for trouble in one.troubles).most_common(4)
        return (
            f"{len(late)} of {len(concerned)} presses came later than {bound:.2f} s, or not "
            f"({share:.1%}; without troubles {late_anyway:.1%}): {worst}"
        )

    def figures(self) -> str:
        """What there was, for people."""
        calm = sorted(one.seconds for one in self.presses if not one.troubles and one.seconds)
        among = sorted(
            one.seconds
            for one in self.presses
            if one.troubles and _may_not_delay(one) and one.seconds
        )
        bound = statistics.median(calm) + 1.0
        late = [
            f"{one.seconds or 0:.2f} s {one.outcome} amid {', '.join(one.troubles)}"
            for one in self.presses
            if _may_not_delay(one) and (one.seconds is None or one.seconds > bound)
        ]
        outcomes = Counter(str(one.outcome) for one in self.presses)
        troubles = Counter(trouble for one in self.presses for trouble in one.troubles)

        def of(seconds: list[float]) -> str:
            if not seconds:
                return "none"
            last = seconds[int(len(seconds) * 0.99)]
            return (
                f"{len(seconds)}: median {seconds[len(seconds) // 2] * 1000:.0f} ms, 99 of 100 "
                f"{last * 1000:.0f} ms, longest {seconds[-1] * 1000:.0f} ms"
            )

        return "\n".join(
            [
                f"{len(self.presses)} presses, {self.green.total()} green; {dict(outcomes)}",
                f"calm {of(calm)}",
                f"amid troubles that may not delay {of(among)}",
                f"memory (peak VmRSS) gate {self.memory['gate'] / 1024:.1f} MB, receiver "
                f"{self.memory['receiver'] / 1024:.1f} MB",
                f"ends {dict(self.ends)}; kinds of broker met {len(self.front.met)}",
                f"later than {bound:.2f} s: {late}",
                f"presses amid {dict(troubles)}",
            ]
        )

    def logs(self) -> list[tuple[str, str]]:
        """What each process has said."""
        return [(part.log.name, part.said) for part in self.gate._parts]

    def forget_watch(self) -> None:
        """The daemon is gone: whatever it had said is read first."""
        if self._watch is not None:
            self._drain()
            self._watch.close()
            self._watch = None

    def _start_daemon(self) -> None:
        if hasattr(self, "daemon"):
            self._ended("gate", self.daemon)
        self.forget_watch()
        command = [sys.executable, "-m", "tests.hostile.gate_process", str(self.clock), self.plant]
        command += ["run", "--config", str(self.gate.config)]
        environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
        deadline = time.monotonic() + PATIENCE_S
        self.daemon = self.gate._spawn(command, "run", environment)
        while True:
            with suppress(OSError, KeyError, ValueError, AssertionError):
                self._watch, self._read = Watch(self.gate.socket), 0
                return
            assert time.monotonic() < deadline, f"the daemon did not start: {self.daemon.said}"
            if not self.daemon.runs:
                if not self.disk_fails:
                    self.told.append(f"the daemon ended at its start: {self.daemon.said[-400:]}")
                self.daemon = self.gate._spawn(command, "run", environment)
            time.sleep(0.05)

    def _ended(self, what: str, part: Part) -> None:
        code = part.wait(30)
        self.ends[f"{what} {code}"] += 1
        if code not in _ENDS and not (self.disk_fails and what == "gate"):
            self.told.append(f"the {what} ended by itself with {code}: {part.said[-400:]}")

    def _next(self, end: float) -> Event | None:
        """The next event by then; None where none comes, or none can any more."""
        assert self._watch is not None
        try:
            event = self._watch.next(max(0.01, end - time.monotonic()))
        except queue.Empty:
            return None
        except Ended:
            return None
        self._take(event)
        return event

    def _drain(self) -> None:
        if self._watch is None:
            return
        with suppress(Ended, queue.Empty):
            while True:
                self._take(self._watch.next(within_s=0.3))

    def _take(self, event: Event) -> None:
        if event["event"] == "panel" and event["outcome"] == "recorded":
            self.green[event["seq"], event["worker"]] += 1
            if event["worker"] not in self._pressed:
                self.wrongly_green.append(event)

    def _measure(self) -> None:
        for what, part in (("gate", self.daemon), ("receiver", self.receiver)):
            with suppress(OSError, IndexError):
                status = Path(f"/proc/{part.process.pid}/status").read_text()
                kb = int(status.partition("VmRSS:")[2].split()[0])
                self.memory[what] = max(self.memory[what], kb)

    def _names(self) -> list[str]:
        """Where a worker's name stands that may not."""
        names = {name_of(code) for code in WORKERS}
        forms = {form for name in names for form in (name, ascii(name)[1:-1])}
        heard = (self.folder / "heard").read_bytes()
        places = [*self.logs(), ("mosquitto", self.mosquitto.log.read_text(errors="replace"))]
        found = [f"a name in {where}" for where, said in places if any(f in said for f in forms)]
        if any(form.encode() in heard for form in forms):
            found.append("a name on the line")
        return found


_UNCAUGHT = re.compile(r"Traceback|Exception in thread|Exception ignored|Fatal Python error")

_TAKES_PRESSES = ("sensor", "disk", "kill", "client identify")
"""Subjects of which a press itself is the victim: it is told so, or nobody is there to tell."""


def _may_not_delay(press: Press) -> bool:
    return not any(trouble.startswith(_TAKES_PRESSES) for trouble in press.troubles)
