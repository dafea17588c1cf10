"""Presses at a whole gate thread while its line fails in every way: one true answer for each.

That a weaker link is caught is shown where time costs nothing: test_doubt.py of the same line.
"""

import random
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cli.carry_out import carry_out
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.daemon.loop import GateLoop
from edge_agent.gate.events import Event, Outcome, PanelShown, SensorChanged
from edge_agent.gate.people.answers import Step, StepKind
from edge_agent.gate.people.requests import AddWorker, Enroll
from edge_agent.gate.people.roster import RosterInbox
from edge_agent.gate.settings.load import load_settings
from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.faults import FAULTS
from edge_agent.simulator.serving import SimulatorOptions
from tests.patience import PATIENCE_S

SETTINGS = """
[gate]
id = "soak"
[sensor]
port = "{port}"
[punch]
repeat_window_s = 0
[store]
path = "gate.db"
[clock]
trust = "always"
[control]
socket = "gate.sock"
"""
WORKERS = ("001", "002", "003", "004")
STRANGER = "999"
ANSWERED_WITHIN_S = 10.0
# A swapped sensor knows nobody any more, and no flash is written by a press.
_FAULTS = sorted(FAULTS.keys() - {"swap-sensor", "power-cut"})
_KNOWN = (Outcome.RECORDED, Outcome.REPEATED)


class Shift:
    """A gate's thread, and what its panel has shown."""

    def __init__(
        self, folder: Path, stack: ExitStack, port: str = "tty", *, paced: bool = False
    ) -> None:
        """``port``: where in the folder the gate finds its sensor, which is at ``tty``."""
        options = SimulatorOptions(folder / "tty", folder / "sim.sock", "as608", paced=paced)
        self.remote: Remote = stack.enter_context(running_simulator(options))
        config = folder / "gate.toml"
        config.write_text(SETTINGS.format(port=folder / port))
        settings = load_settings(config)
        for code in WORKERS:
            carry_out(settings, AddWorker(code=code, name=f"Worker {code}"))
            carry_out(
                settings,
                Enroll(code=code, finger="right-index"),
                lambda step, code=code: self._follow(step, code),
            )
            self.remote.ask("lift")
        assembly = Assembly(settings)
        self.events: list[Event] = []
        sensor: Any = assembly.sensor()
        self.bare = 0
        """How often the gate has seen the glass without a finger."""
        capture = sensor.capture

        def noting() -> bool | None:
            present: bool | None = capture()
            self.bare += present is False
            return present

        sensor.capture = noting
        activity = GateLoop(
            make_gate=lambda: assembly.gate(self.events.append),
            sensor=sensor,
            first=sensor.connect(),
            panel=stack.enter_context(_closing(assembly.panel())),
            captures=3,
            offline=lambda: False,
            sealing=assembly.sealing(),
            roster=RosterInbox(),
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=activity.run, args=(self._stop, lambda: None))
        self._thread.start()
        stack.callback(self._end)
        self.until(lambda: any(isinstance(event, SensorChanged) for event in self.events))

    def _follow(self, step: Step, code: str) -> None:
        self.remote.ask("lift" if step.what is StepKind.LIFT else f"press {code}")

    def _end(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)

    def until(self, true: Any) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not true():
            assert self._thread.is_alive()
            assert time.monotonic() < give_up, self.shown[-3:]
            time.sleep(0.002)

    @property
    def shown(self) -> list[PanelShown]:
        return [event for event in self.events if isinstance(event, PanelShown)]

    def press(self, finger: str, faults: list[str]) -> tuple[PanelShown, float]:
        """The one answer to a touch, and after how many seconds it came."""
        before = len(self.shown)
        for fault in faults:
            self.remote.ask(f"fault {fault}")
        pressed = time.monotonic()
        self.remote.ask(f"press {finger}")
        self.until(lambda: len(self.shown) > before)
        waited = time.monotonic() - pressed
        time.sleep(0.05)  # A second answer would come now.
        self.remote.ask("lift")
        # Whoever comes before the gate has seen that nobody is there is taken for the same one.
        bare = self.bare
        self.until(lambda: self.bare > bare + 1)
        assert len(self.shown) == before + 1, f"{finger} {faults}: {self.shown[before:]}"
        return self.shown[-1], waited


class _closing:
    def __init__(self, panel: Any) -> None:
        self._panel = panel

    def __enter__(self) -> Any:
        return self._panel

    def __exit__(self, *_: object) -> None:
        self._panel.close()


def soak(folder: Path, faults: int, seed: int) -> None:
    rng = random.Random(seed)
    waits, credited = [], 0
    with ExitStack() as stack:
        shift = Shift(folder, stack)
        staged = 0
        while staged < faults:
            # A late reply takes 3 seconds, so there are few.
            chosen = [rng.choice(_FAULTS) for _ in range(rng.randrange(4))]
            chosen = [f for f in chosen if f != "late-ack" or rng.random() < 0.1]
            staged += len(chosen)
            finger = rng.choice([*WORKERS, STRANGER])
            shown, waited = shift.press(finger, chosen)
            waits.append(waited)
            if shown.outcome in _KNOWN:
                assert shown.worker == finger, f"{finger} was taken for {shown.worker} ({chosen})"
                credited += 1
            else:
                assert shown.worker is None
    assert credited > len(waits) / 2, "nothing would be wrong if nothing worked"
    print(f"{len(waits)} presses, {credited} credited; the longest wait {max(waits):.1f} s")
    assert max(waits) < ANSWERED_WITHIN_S


def test_forty_faults_between_presses(tmp_path: Path) -> None:
    soak(tmp_path, 40, seed=1)


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_five_hundred_faults_between_presses(tmp_path: Path) -> None:
    soak(tmp_path, 500, seed=2)
