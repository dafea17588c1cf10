"""What a gate or a supervisor says later of a punch, as docs/payroll.md has it.

The sandbox plays these kinds before every gate writes them, so that a payroll is ready for them.
"""

from typing import Literal

from msgspec import Struct

from ...domain.rules import Direction


class Ruling(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of these kinds."""


class PunchTimeResolved(Ruling, tag="punch.time-resolved", frozen=True, kw_only=True):
    """The true time of punch ``of``, which was stamped before the clock was trusted."""

    of: int
    worker: str
    at: str | None
    uncertainty_ms: int | None
    not_before: str | None = None
    not_after: str | None = None
    final: bool


class PunchVoided(Ruling, tag="punch.voided", frozen=True, kw_only=True):
    """A supervisor has withdrawn punch ``of``."""

    of: int
    worker: str
    reason: str
    actor: str


class PunchAdded(Ruling, tag="punch.added", frozen=True, kw_only=True):
    """A supervisor's punch."""

    worker: str
    at: str
    direction: Direction
    direction_source: None = None
    method: Literal["supervisor"] = "supervisor"
    reason: str
    actor: str
