"""What was found out about this sensor on this host: worth attaching to a bug report."""

import platform
from datetime import datetime
from pathlib import Path

import pytest

import edge_agent

_BOARD = Path("/proc/device-tree/model")


def board() -> str:
    """What this host is."""
    return _BOARD.read_text().rstrip("\0\n") if _BOARD.exists() else platform.machine()


class Facts:
    """Names and values in the order in which they were found; never a template."""

    def __init__(self, file: Path | None) -> None:
        """``file`` is made at once, so that a wrong path is told before anybody has pressed."""
        self.file = file
        self._facts: dict[str, str] = {}
        self._said: set[str] = set()
        try:
            if file:
                file.touch()
        except OSError as error:
            raise pytest.UsageError(
                f"The report {file} cannot be written: {error.strerror}."
            ) from None
        self.note("when", f"{datetime.now().astimezone():%Y-%m-%d %H:%M %z}")
        self.note("host", f"{board()}, Python {platform.python_version()}")
        self.note("edge-agent", edge_agent.__version__)

    def note(self, name: str, value: object) -> None:
        """Keep a fact."""
        self._facts[name] = str(value)

    def lines(self) -> list[str]:
        """All of them, as a small table."""
        return [f"{name:<28}{value}" for name, value in self._facts.items()]

    def is_new(self, sentence: str) -> bool:
        """Whether this is the first time that somebody is told this."""
        new = sentence not in self._said
        self._said.add(sentence)
        return new

    def write(self, outcomes: list[str]) -> None:
        """Write the report."""
        if self.file:
            lines = [*self.lines(), "", *outcomes]
            self.file.write_text("\n".join(lines) + "\n", encoding="utf-8")
