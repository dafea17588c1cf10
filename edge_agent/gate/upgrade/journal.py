"""What is written down of an upgrade, for whoever goes on with it, and how the last one ended."""

from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ...contract.atomic_file import replacing, sync
from ...contract.language import Message

Step = Literal["asked", "stopping", "trying", "returning", "ended"]
"""What is under way: nothing yet; a gate stops; the new program; the old one again; tidying up."""


class UpgradedGate(Struct, frozen=True):
    """A gate of this machine that ran. ``answered``: its sensor was in use then."""

    unit: str
    config: str
    database: str
    answered: bool


class Told(Struct, frozen=True):
    """A message, as JSON carries it."""

    name: str
    fields: dict[str, Any]

    @classmethod
    def of(cls, message: Message) -> "Told":
        """The message to be written down."""
        return cls(**message.plain())

    @property
    def message(self) -> Message:
        """The message again."""
        return Message(self.name, **self.fields)


class Journal(Struct, frozen=True):
    """One version in the place of another.

    ``alters``: the new one alters the tables, so that the old one cannot read them. ``language`` is
    that of whoever asked. ``told``: why the new one has to give way, or how it ended.
    """

    step: Step
    old: str
    new: str
    alters: bool
    language: str
    gates: list[UpgradedGate]
    told: Told | None = None

    @property
    def units(self) -> list[str]:
        """Those that are stopped and started."""
        return [gate.unit for gate in self.gates]


def read_journal(path: Path) -> Journal | None:
    """What is under way; None: nothing. Raises OSError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Journal)
    except FileNotFoundError:
        return None


def write_journal(path: Path, journal: Journal) -> None:
    """Durably, and whole or not at all. Raises OSError."""
    with replacing(path) as file:
        file.write(msgspec.json.encode(journal))


def end_journal(path: Path, outcome: Path, how: Message) -> None:
    """Say how it ended: from then on nothing is under way. Raises OSError."""
    with replacing(outcome) as file:
        file.write(msgspec.json.encode(Told.of(how)))
    path.unlink(missing_ok=True)
    sync(path.parent)


def read_outcome(path: Path) -> Message:
    """How the last one ended. Raises OSError where there was none."""
    return msgspec.json.decode(path.read_bytes(), type=Told).message
