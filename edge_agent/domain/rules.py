"""What a touch means: match + print + worker + last punch + stamp + policy → a verdict."""

from enum import StrEnum

from msgspec import Struct

from .people import Print, Worker
from .stamps import Stamp, elapsed

SHIFT_MS = 14 * 3600 * 1000
"""``direction = "alternate"`` starts again with "in" when the last punch is older than this."""


class Match(Struct, frozen=True):
    """The slot and score that the sensor found."""

    slot: int
    score: int


class Reason(StrEnum):
    """Why a touch was not credited. The words are the wire's reason codes."""

    UNKNOWN = "unknown"
    DEACTIVATED = "deactivated"
    POOR_SCAN = "poor-scan"
    SENSOR_FAULT = "sensor-fault"


class Hint(StrEnum):
    """What the worker should do about a poor scan."""

    WIPE = "wipe"
    MOISTEN = "moisten"
    PRESS_FLAT = "press-flat"
    HOLD_STILL = "hold-still"
    HOLD_LONGER = "hold-longer"


class Direction(StrEnum):
    """Which way the worker passed."""

    IN = "in"
    OUT = "out"


class DirectionRule(StrEnum):
    """The setting ``[punch] direction``."""

    NONE = "none"
    IN = "in"
    OUT = "out"
    ALTERNATE = "alternate"


class Policy(Struct, frozen=True, kw_only=True):
    """The gate's rules. ``repeat_window_ms`` 0 turns the repeat rule off.

    ``min_score`` is asked for beyond the sensor's own security level; 0 asks for nothing.
    """

    repeat_window_ms: int
    direction: DirectionRule
    min_score: int = 0
    drift_ppm: int = 500
    """How far the machine's own clock may stray from the true pace, in millionths."""


class LastPunch(Struct, frozen=True):
    """A worker's most recent recorded punch on this ledger."""

    seq: int
    stamp: Stamp
    direction: Direction | None


class Accepted(Struct, frozen=True):
    """The touch is a punch of this print's owner."""

    owner: Print
    match: Match
    direction: Direction | None


class Repeat(Struct, frozen=True):
    """The touch certainly fell within the repeat window of punch ``of``."""

    owner: Print
    match: Match
    of: int


class Refused(Struct, frozen=True):
    """The touch is credited to nobody. ``worker`` is the code where the sensor knew the finger."""

    reason: Reason
    worker: str | None = None
    hint: Hint | None = None


Verdict = Accepted | Repeat | Refused


def recognised(match: Match | None, policy: Policy) -> Match | Refused:
    """What a search comes to: a match below the gate's own score is as good as none."""
    if match is None or match.score < policy.min_score:
        return Refused(Reason.UNKNOWN)
    return match


def judge(
    match: Match,
    owner: Print | None,
    worker: Worker | None,
    last: LastPunch | None,
    now: Stamp,
    policy: Policy,
) -> Verdict:
    """Decide one match.

    ``owner`` is the print that holds the matched slot and ``worker`` its worker; a slot that nobody
    holds is an unknown finger. A repeat must be *certain*: in doubt the punch is recorded.
    """
    if owner is None or worker is None:
        return Refused(Reason.UNKNOWN)
    if not worker.active:
        return Refused(Reason.DEACTIVATED, worker=worker.code)
    window_ms = policy.repeat_window_ms
    if last is not None and window_ms and elapsed(last.stamp, now).most <= window_ms:
        return Repeat(owner, match, last.seq)
    return Accepted(owner, match, _direction(policy.direction, last, now))


def _direction(rule: DirectionRule, last: LastPunch | None, now: Stamp) -> Direction | None:
    if rule is DirectionRule.NONE:
        return None
    if rule is not DirectionRule.ALTERNATE:
        return Direction(rule.value)
    if last is None:
        return Direction.IN
    since = elapsed(last.stamp, now)
    if since.least > SHIFT_MS:
        return Direction.IN
    if since.most > SHIFT_MS or last.direction is None:
        return None  # It may or may not be the same shift: the gate does not know.
    return Direction.OUT if last.direction is Direction.IN else Direction.IN
