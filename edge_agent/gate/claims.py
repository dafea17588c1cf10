"""What workers ask for about their data, and until when it is to be done."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class What(StrEnum):
    """What somebody may ask for."""

    ACCESS = "access"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    RESTRICT = "restrict"
    OBJECT = "object"
    ERASE = "erase"


TERM_DAYS: Mapping[What, int] = {
    What.ACCESS: 10,
    What.CORRECT: 10,
    What.WITHDRAW: 15,
    What.RESTRICT: 15,
    What.OBJECT: 15,
    What.ERASE: 20,
}
"""Days in which it is to be done, after what is written about decree 356/2025/NĐ-CP: to be checked
by counsel. Whoever asks may be given another day."""


class Answer(StrEnum):
    """What came of it."""

    DONE = "done"
    REFUSED = "refused"


class Claim(Struct, frozen=True, kw_only=True):
    """One in the register. ``asked``, ``due`` and ``closed`` are days; ``closed`` None: it is open.

    ``id`` 0: not in the register yet.
    """

    id: int
    worker: str
    what: What
    asked: str
    due: str
    closed: str | None = None
    answer: Answer | None = None

    def overdue(self, today: str) -> bool:
        """Whether its day is over and nothing came of it."""
        return self.closed is None and self.due < today
