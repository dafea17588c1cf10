"""A machine in a folder, and which sentence a verdict is."""

import os
import pkgutil
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import convert, structs

from edge_agent.gate import doctor
from edge_agent.gate.doctor.context import CheckContext
from edge_agent.gate.doctor.findings import Judgement, Sentence
from edge_agent.gate.doctor.machine import Machine, Person
from edge_agent.gate.host.disk import Usage
from edge_agent.gate.settings.schema import Settings
from tests.gate.ledger.ledgers import later

ME = Person("hoa", frozenset({4242}))
_SECTIONS = tuple(field.name for field in structs.fields(Settings))

SENTENCES = {
    name: value
    for module in pkgutil.iter_modules(doctor.__path__, f"{doctor.__name__}.")
    for name, value in vars(import_module(module.name)).items()
    if isinstance(value, Sentence)
}


HOUR = 3_600_000


class FixedClock:
    def __init__(self, ms: int, **other: Any) -> None:
        self._stamp = later(ms, **other)

    def stamp(self) -> Any:
        return self._stamp

    def refused(self) -> None:
        return None

    def monotonic(self) -> float:
        return 0.0


class Stage:
    """Files of a machine below a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir()

    def file(self, path: str, text: str = "") -> Path:
        there = self._place(path)
        there.write_text(text)
        return there

    def device(self, path: str) -> None:
        """A FIFO: like a serial port it is neither a file nor a folder, and anybody can make it."""
        os.mkfifo(self._place(path))

    def link(self, path: str, target: str) -> None:
        self._place(path).symlink_to(target)

    def machine(self, **other: Any) -> Machine:
        return Machine(**{"root": self.root, "person": ME, **other})

    def context(
        self,
        machine: Machine | None = None,
        *,
        light: bool = False,
        verify: bool = False,
        **sections: dict[str, Any],
    ) -> CheckContext:
        """A gate with these settings, its database and socket in the test's folder."""
        given: dict[str, dict[str, Any]] = {
            "gate": {"id": "main-gate"},
            "store": {"path": str(self.folder / "gate.db")},
            "control": {"socket": str(self.folder / "gate.sock")},
            **sections,
        }
        settings = convert({name: given.get(name, {}) for name in _SECTIONS}, Settings)
        return CheckContext(machine or self.machine(), settings, light=light, verify=verify)

    def _place(self, path: str) -> Path:
        there = self.root / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        return there


def said(verdict: Judgement | None) -> str | None:
    """The name of the one sentence that the verdict is made from; None where nothing was said."""
    if verdict is None:
        return None
    fitting = [name for name, sentence in SENTENCES.items() if _fits(sentence, verdict)]
    assert len(fitting) == 1, f"{verdict} could be any of {fitting}"
    return fitting[0]


def _fits(sentence: Sentence, verdict: Judgement) -> bool:
    return sentence.state is verdict.state and sentence.name == verdict.message.name


def nobody_may(*paths: str) -> Any:
    """The rights of a user who may not use what ends like this."""
    return lambda path, mode: not str(path).endswith(paths)


def usage(percent: float) -> Any:
    """A disk of 100 GB that is so full."""
    return lambda folder: Usage(int(percent * 1e9), int((100 - percent) * 1e9))


def status(**other: Any) -> dict[str, Any]:
    """What a healthy daemon tells, as far as it is looked at."""
    return {
        "version": "1",
        "uplink": {"state": "connected", "problem": None},
        "sensor": {"state": "ready", "problem": None, "prints": 5, "capacity": 100},
        "store": {"state": "ready", "problem": None},
        "clock": {"state": "synced", "uncertainty_ms": 7},
        **other,
    }


def states(findings: Iterable[Any]) -> dict[str, str]:
    return {finding.check: finding.state.value for finding in findings}
