"""When a ledger is left for a new one. Pure.

A ledger is bound to the board and the card that it was opened on. Two gates that write on under
one ledger's numbers would have payroll take one's punches for the other's, so a ledger that may
have a twin is never continued: a new one begins, names the old one, and records again what
payroll may not have.
"""

from msgspec import Struct

from .facts import WhyOpened
from .stamps import Stamp, elapsed

COPY = "copy"
"""Remembered by a copy of the database that is not to be continued: ``backup``."""

_BACKUP = "backup"

_PAUSE_MS = 24 * 3_600_000
"""Between two ledgers that a receipt made the gate leave: whoever can forge receipts must not be
able to fill the card with old ledgers."""

_DEMANDED: frozenset[WhyOpened] = frozenset({"payroll-is-ahead", "forked"})


class Whereabouts(Struct, frozen=True, kw_only=True):
    """What is known of a board and a card: ways of knowing it, the surest first → the id."""

    board: dict[str, str]
    card: dict[str, str]


class Bound(Struct, frozen=True, kw_only=True):
    """Whose a ledger is, as it says itself."""

    gate: str
    copy: str | None
    whereabouts: Whereabouts


def why_leave(bound: Bound, gate: str, here: Whereabouts) -> WhyOpened | None:
    """Why the ledger may not be continued at ``gate`` and ``here``; None: it may."""
    if bound.copy == _BACKUP:
        return "restored-backup"
    if _differ(bound.whereabouts.card, here.card):
        return "cloned-card"
    if _differ(bound.whereabouts.board, here.board):
        return "other-board"
    return "other-gate-id" if bound.gate != gate else None


def _differ(then: dict[str, str], now: dict[str, str]) -> bool:
    """Compare by the surest way known both times: what is unknown is not different."""
    return next((then[way] != known for way, known in now.items() if way in then), False)


def may_leave_again(why: WhyOpened, opened: Stamp, now: Stamp) -> bool:
    """Whether a receipt may make the gate leave a ledger that was opened for ``why``."""
    return why not in _DEMANDED or elapsed(opened, now).least >= _PAUSE_MS
