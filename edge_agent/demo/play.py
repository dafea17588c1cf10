"""Play the shift, print what a bystander would see, and hold it against what payroll has."""

import queue
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from contextlib import closing, suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..cli.words import outcome_of
from ..contract.chain import read_wire
from ..contract.language import say
from ..gate.control.client import watch
from ..gate.daemon.assembly import Assembly
from .shift import STRANGER, WORKERS, Act, Scene, arrivals
from .stage import Stage, StageFault
from .terminal import Stopped, Terminal, own_command

_ANSWER_WITHIN_S = 15.0
_CONFIRMED_WITHIN_S = 90.0
_FAREWELL_S = 10.0
_BETWEEN_WORKERS_S = 0.5
_LOOK_S = 0.2


def play(punches: int | None) -> bool:
    """Play until ``punches`` are confirmed, or until somebody wants the end: Ctrl-C, SIGTERM or a
    closed terminal. Returns whether all went well.
    """
    terminal = Terminal()
    folder = Path(tempfile.mkdtemp(prefix="edge-agent-demo-"))
    well = False
    try:
        well = _perform(Stage(folder, terminal.heed), terminal, punches)
    finally:
        if well:
            shutil.rmtree(folder)
        else:
            terminal.say(say("demo.kept", folder=folder), err=True)
    return well


def _perform(stage: Stage, terminal: Terminal, punches: int | None) -> bool:
    demo = _Demo(stage, terminal)
    stopped = False
    try:
        demo.prepare()
        demo.run(punches)
    except Stopped:
        stopped = True
        terminal.say(f"\n{say('demo.closing')}")
        with suppress(Stopped):  # Whoever asks a second time waits for nobody.
            demo.end(_FAREWELL_S)
    finally:
        stage.tear_down()
    account = demo.account()
    if missing := account.recorded - account.confirmed:
        terminal.say(say("demo.not-confirmed", missing=missing))
    terminal.say(str(account))
    return account.sound and (stopped or not missing)


class Account(Struct, kw_only=True):
    """The demo's closing line."""

    pressed: int = 0
    recorded: int = 0
    confirmed: int = 0
    lost: int = 0
    duplicates: int = 0
    out_of_order: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing that the panel showed is lost, paid twice or out of order."""
        return not (self.lost or self.duplicates or self.out_of_order)

    def __str__(self) -> str:
        disorder = f" out_of_order={self.out_of_order}" if self.out_of_order else ""
        return (
            f"pressed={self.pressed} recorded={self.recorded} confirmed={self.confirmed} "
            f"lost={self.lost} duplicates={self.duplicates}{disorder}"
        )


def settle(pressed: int, green: dict[int, str], ledger: Path, payroll: Path) -> Account:
    """Compare the green lamps (entry → worker's code) with the gate's and payroll's databases.

    A punch in payroll that no lamp showed counts as a duplicate: somebody would be paid twice. The
    order is that of ``seq``, by which payroll has each entry where the gate has it, and not that of
    arrival: what a broker forgot and payroll asked for again comes after what was live meanwhile.
    """
    account = Account(pressed=pressed, recorded=len(green))
    recorded = set(_read(ledger, "SELECT seq FROM ledger WHERE kind = 'punch.recorded'"))
    held = dict(_read(payroll, "SELECT seq, code FROM punches WHERE state <> 'repeated'"))
    own = dict(_read(ledger, "SELECT seq, lower(hex(hash)) FROM ledger"))
    arrived = _read(payroll, "SELECT seq, hash FROM entries")
    kept = {seq for seq, code in green.items() if held.get(seq) == code}
    account.confirmed = len(kept)
    account.lost = sum(seq not in kept and (seq,) not in recorded for seq in green)
    account.duplicates = len(held.keys() - kept)
    account.out_of_order = sum(b < a for a, b in pairwise(green))
    account.out_of_order += sum(own.get(seq) != digest for seq, digest in arrived)
    return account


def _read(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows; none where the demo was stopped before there was such a table."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        try:
            return database.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


class _Demo:
    """The events of the gate, and what is printed of them."""

    def __init__(self, stage: Stage, terminal: Terminal) -> None:
        self._stage = stage
        self._terminal = terminal
        self._assembly = Assembly(stage.settings)
        self._rng = random.Random(2026)
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._people = {worker.code: worker for worker in WORKERS}
        self._pressed = 0
        self._green: dict[int, str] = {}
        self._unconfirmed: list[int] = []

    def prepare(self) -> None:
        """Start everything and begin to watch."""
        self._terminal.say(say("demo.enrolling", count=len(WORKERS)))
        self._stage.set_up(WORKERS)
        threading.Thread(target=self._watch, daemon=True).start()
        self._await("watching", _ANSWER_WITHIN_S)
        self._terminal.say(
            f"{say('demo.open')}\n  {own_command()} watch --config {self._stage.config}\n"
        )

    def run(self, punches: int | None) -> None:
        """Let the workers arrive, until ``punches`` are recorded and confirmed."""
        acts = arrivals(self._rng)
        while punches is None or len(self._green) < punches:
            self._terminal.heed()
            self._act(next(acts))
            self._print_confirmed(_BETWEEN_WORKERS_S)
        self.end(_CONFIRMED_WITHIN_S)

    def end(self, within_s: float) -> None:
        """Wait until payroll has what is recorded, with the broker there for it."""
        if not self._unconfirmed:
            return
        self._broker(present=True)
        deadline = time.monotonic() + within_s
        while self._unconfirmed and time.monotonic() < deadline:
            self._print_confirmed(1.0)

    def account(self) -> Account:
        """What became of it."""
        ledger = Path(self._stage.settings.store.path)
        return settle(self._pressed, self._green, ledger, self._stage.payroll)

    def _act(self, act: Act) -> None:
        match act.scene:
            case Scene.BROKER_GOES:
                self._broker(present=False)
            case Scene.BROKER_RETURNS:
                self._broker(present=True)
            case Scene.STRANGER:
                self._press(STRANGER)
            case _:
                self._press(act.worker.code if act.worker else STRANGER)

    def _broker(self, *, present: bool) -> None:
        if present and not self._stage.broker_runs:
            self._stage.broker_up()
            self._line(say("demo.broker-back"))
        elif not present and self._stage.broker_runs:
            self._stage.broker_down()
            self._line(say("demo.broker-gone"))

    def _press(self, finger: str) -> None:
        self._pressed += 1
        self._stage.finger(f"press {finger}")
        shown = self._await("panel", _ANSWER_WITHIN_S)
        self._stage.finger("lift")
        code, seq = shown["worker"], shown["seq"]
        person = self._people.get(code)
        name = person.name if person else say("demo.unknown-finger")
        direction = ""
        if shown["outcome"] == "recorded":
            self._green[seq] = code
            self._unconfirmed.append(seq)
            direction = self._direction_of(seq)
        self._line(
            f"{code if person else '–':<7} {name:<16} {direction:<4} {outcome_of(shown['outcome'])}"
        )

    def _direction_of(self, seq: int) -> str:
        with closing(self._assembly.store_for_reading()) as store:
            _, data = read_wire(store.entries(seq, 1)[0].wire)
        return say(f"direction.{data['direction']}") if data["direction"] else ""

    def _print_confirmed(self, within_s: float) -> None:
        """Take in events for a while, and say whose punches payroll has now."""
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            self._terminal.heed()
            self._stage.check()
            with suppress(queue.Empty):
                self._take_in(self._events.get(timeout=min(left, _LOOK_S)))

    def _await(self, kind: str, within_s: float) -> dict[str, Any]:
        """The next event of this kind; others are taken in on the way."""
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            self._stage.check()
            with suppress(queue.Empty):
                event = self._events.get(timeout=min(left, _LOOK_S))
                if event["event"] == kind:
                    return event
                self._take_in(event)
        raise StageFault("demo.silent", kind=kind, seconds=round(within_s))

    def _take_in(self, event: dict[str, Any]) -> None:
        if event["event"] != "confirmed":
            return
        now = [seq for seq in self._unconfirmed if seq <= event["through"]]
        self._unconfirmed = [seq for seq in self._unconfirmed if seq > event["through"]]
        if now:
            codes = ", ".join(self._green[seq] for seq in now)
            self._line(say("demo.payroll-has", codes=codes))

    def _watch(self) -> None:
        for line in watch(self._assembly.control_socket):
            self._events.put(msgspec.json.decode(line))

    def _line(self, text: str) -> None:
        self._terminal.say(f"{datetime.now(self._assembly.zone):%H:%M:%S}  {text}")
