"""A gate's life under strace: first start, enrolment, punches, a clean stop, a power cut."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_agent.gate.control.client import ask
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.people.answers import Step, StepKind
from edge_agent.gate.people.requests import AddWorker, Enroll, RemovePrint
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.settings.schema import Settings
from tests.system.gate import Gate

from .examine import Row, rows_of
from .trace import STRACE

_STAFF = ("NV001", "NV002", "NV003")


@dataclass(frozen=True)
class Recording:
    """What happened (``traces``, in ``folder``), and the ledger that came of it."""

    folder: Path
    promises: Path
    traces: list[Path]
    whole: list[Row]
    settings: Settings


def record(keep_in: Path, punches: int, weaker: str | None = None) -> Recording:
    """Run a new gate through all that changes its database, ``punches`` presses among it.

    ``weaker``: the setting in which ``visible_daemon`` is worse than the real one.
    """
    with Gate(punch={"repeat_window_s": 0}) as gate:
        gate.simulate("--no-pace")
        life = Life(gate, keep_in, weaker)
        with life.daemon(signal.SIGTERM):
            for code in _STAFF:
                life.ask(AddWorker(code=code, name=f"Trần {code}"))
                life.ask(Enroll(code=code, finger="right-index"))
            life.ask(RemovePrint(code=_STAFF[2], finger="right-index"))
            life.press(_STAFF[:2], punches // 2)
        with life.daemon(signal.SIGKILL):
            life.ask(Enroll(code=_STAFF[2], finger="right-index"))
            life.press(_STAFF, punches - punches // 2)
        copy = keep_in / "whole.db"
        for suffix in ("", "-wal"):
            shutil.copy(f"{gate.database}{suffix}", f"{copy}{suffix}")
        settings = load_settings(gate.config)
        return Recording(gate.folder, life.promises, life.traces, rows_of(copy), settings)


class Life:
    def __init__(self, gate: Gate, keep_in: Path, weaker: str | None) -> None:
        self._gate = gate
        self._keep_in = keep_in
        self._weaker = [f"weaker={weaker}"] if weaker else []
        self._socket = Assembly(load_settings(gate.config)).control_socket
        self.promises = keep_in / "promises"
        self.traces: list[Path] = []

    @contextmanager
    def daemon(self, end: signal.Signals) -> Iterator[None]:
        """A daemon under strace, ended by a signal. The tracer ends with it."""
        trace = self._keep_in / f"trace-{len(self.traces)}"
        self.traces.append(trace)
        daemon = (sys.executable, "-m", "tests.powerloss.visible_daemon", str(self.promises))
        run = ("run", "--config", str(self._gate.config))
        part = self._gate.start(*STRACE, "-o", str(trace), *daemon, *self._weaker, *run)
        how = signal.SIGKILL
        try:
            yield
            how = end
        finally:
            # A signal to the tracer would leave the daemon running.
            said = [line.split() for line in self.promises.read_text().splitlines()]
            *_, pid = (int(word) for what, word in said if what == "process")
            os.kill(pid, how)
            part.wait()

    def ask(self, request: AddWorker | Enroll | RemovePrint) -> None:
        def obey(step: Step) -> None:
            lift = step.what is StepKind.LIFT
            self._gate.finger("lift" if lift else f"press {getattr(request, 'code', '')}")

        ask(self._socket, request, obey)
        self._gate.finger("lift")

    def press(self, codes: tuple[str, ...], times: int) -> None:
        watch = self._gate.watch()
        for turn in range(times):
            self._gate.press(codes[turn % len(codes)])
            assert watch.panel()["outcome"] == "recorded"
        self._gate.finger("lift")
        watch.close()
