"""Feed the week to somebody's broker through the gates' own uplink, and settle the account."""

import random
import tempfile
import threading
import time
from bisect import bisect_right
from pathlib import Path
from typing import Any, cast

import click

from ...contract.messages import (
    ClockStatus,
    GateStatus,
    LedgerStatus,
    ReportLine,
    SensorStatus,
    Topics,
)
from ...contract.stamps import ClockState, local_time
from ...gate.events import Confirmed, Event, UplinkChanged
from ...gate.host.clock import HostClock
from ...gate.ledger.store.sqlite_store import SqliteStore
from ...gate.ports import Broker
from ...gate.settings.schema import HomeAssistantSettings, MqttSettings
from ...gate.uplink.mqtt.broker import PahoBroker
from ...gate.uplink.session import UplinkDeps
from ...gate.uplink.thread import UplinkThread
from .account import account, lines
from .ledger import WrittenWeek, fork_of, open_in, write_in
from .plan import MAIN, MONDAY, NORTH, ZONE, at, presses, shifts

_SEED = 2026
_WEEK_TAKES_S = 300.0
_FAREWELL_S = 120.0
_FORKED_AFTER = 20
_LOST = (90, 91, 92)


def feed(settings: MqttSettings, *, fast: bool) -> bool:
    """Play the week at ``settings``' broker. Returns whether payroll has confirmed all of it.

    Three entries of the north gate are lost on the way; instead of them come two of a cloned card
    and one that payroll has already.
    """
    rng = random.Random(_SEED)
    worked = list(shifts(rng))
    pressed = presses(worked, rng)
    with tempfile.TemporaryDirectory(prefix="edge-agent-sandbox-") as folder:
        weeks = [write_in(Path(folder), gate, pressed) for gate in (MAIN, NORTH)]
        clone = fork_of(weeks[1], _FORKED_AFTER, 2)
        others = [*(entry.wire for entry in clone), weeks[1].entries[_FORKED_AFTER].wire]
        lost = [weeks[1].entries[seq - 1].wire for seq in _LOST]
        gates = [
            _Feeder(Path(folder), weeks[0], settings, {}),
            _Feeder(Path(folder), weeks[1], settings, dict(zip(lost, others, strict=True))),
        ]
        _play(gates, 0.0 if fast else _WEEK_TAKES_S)
        for line in lines(account(worked, weeks, len(clone)), weeks):
            click.echo(line)
    return all(gate.confirmed for gate in gates)


def _play(gates: list["_Feeder"], takes_s: float) -> None:
    for gate in gates:
        gate.start()
    try:
        _let_the_week_pass(gates, takes_s)
        click.echo("The week is over. Waiting for payroll's receipts …")
        deadline = time.monotonic() + _FAREWELL_S
        while not all(gate.confirmed for gate in gates) and time.monotonic() < deadline:
            time.sleep(0.1)
    except KeyboardInterrupt:
        click.echo("")
    for gate in gates:
        gate.stop()
        click.echo(gate.verdict)


def _let_the_week_pass(gates: list["_Feeder"], takes_s: float) -> None:
    begin, end = at(0, 4), at(6, 23)
    began = time.monotonic()
    day = None
    while True:
        gone = min(1.0, (time.monotonic() - began) / takes_s) if takes_s else 1.0
        now = round(begin + gone * (end - begin))
        for gate in gates:
            gate.until(now)
        if (today := local_time(now, ZONE)[:10]) != day and takes_s:
            day = today
            click.echo(f"  {day} …")
        if gone == 1.0:
            return
        time.sleep(0.1)


class _Feeder:
    """One gate's uplink, on a thread of its own."""

    def __init__(
        self, folder: Path, week: WrittenWeek, settings: MqttSettings, instead: dict[bytes, bytes]
    ) -> None:
        self._folder = folder
        self._week = week
        self._shown = 1
        self._stop = threading.Event()
        self._through = 0
        self._problem: str | None = None
        broker = PahoBroker(settings, f"edge-agent-{week.gate}")
        self._uplink = UplinkThread(
            UplinkDeps(
                settings=settings,
                topics=Topics(settings.root, week.gate),
                broker=cast(Broker, _LossyBroker(broker, instead)),
                open_store=self._open,
                status=self._status,
                emit=self._on_event,
                clock=HostClock("always", drift_ppm=0),
                leave=lambda receipt: False,
                on_roster=lambda heard: None,
                examiner=_Nobody(),
                home_assistant=HomeAssistantSettings(),
            )
        )
        self._thread = threading.Thread(target=self._uplink.run, args=(self._stop, lambda: None))

    @property
    def confirmed(self) -> bool:
        """Whether payroll has it all."""
        return self._through == len(self._week.entries)

    @property
    def verdict(self) -> str:
        """How far payroll came."""
        problem = f" ({self._problem})" if self._problem else ""
        return (
            f"{self._week.gate}: payroll has confirmed {self._through} of "
            f"{len(self._week.entries)} entries{'' if self.confirmed else problem}"
        )

    def start(self) -> None:
        """Connect."""
        self._thread.start()

    def until(self, now: int) -> None:
        """The gate has lived until this moment of the week (UTC ms)."""
        self._shown = bisect_right(self._week.written_at, now)
        self._uplink.notify()

    def stop(self) -> None:
        """Say goodbye."""
        self._stop.set()
        self._uplink.notify()
        self._thread.join()

    def _open(self) -> SqliteStore:
        store = open_in(self._folder, self._week.gate)
        store.shown = lambda: self._shown
        return store

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Confirmed):
            self._through = event.through
        elif isinstance(event, UplinkChanged):
            self._problem = event.detail

    def _status(self) -> GateStatus:
        return GateStatus(
            gate=self._week.gate,
            state="online",
            version="sandbox",
            started_at=local_time(round(MONDAY.timestamp() * 1000), ZONE),
            sensor=SensorStatus(state="ready", prints=20, capacity=1000),
            clock=ClockStatus(state=ClockState.SYNCED, uncertainty_ms=40),
            ledger=LedgerStatus(
                id=self._week.ledger,
                last_seq=self._shown,
                confirmed_seq=self._through,
                complete_until=None,
                rejected=0,
            ),
            disk_free_bytes=None,
        )


class _LossyBroker:
    """Sends ``instead``, wire bytes for wire bytes, the first time that an entry is published.

    What was lost so is a gap for payroll, which has to ask for it; whatever else the uplink does
    reaches the broker as it is.
    """

    def __init__(self, broker: Broker, instead: dict[bytes, bytes]) -> None:
        self._broker = broker
        self._instead = instead

    def publish(self, topic: str, payload: bytes, **how: Any) -> int:
        """Send, or send something else instead."""
        return self._broker.publish(topic, self._instead.pop(payload, payload), **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)


class _Nobody:
    """There is no gate to examine."""

    def begin(self) -> None:
        """Nothing to begin."""

    def findings(self) -> list[ReportLine] | str | None:
        """Why there is nothing."""
        return "this is a sandbox: there is no gate"
