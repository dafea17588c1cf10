"""What a touch means: match + print + worker + last punch + stamp + policy → a verdict."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from ..contract.attendance import SHIFT_MS
from ..contract.chain import stamp_of, told
from ..contract.facts import CREDITS, RECORDED, Direction, DirectionRule
from ..contract.people import Employment, Print, Worker
from ..contract.stamps import Stamp, elapsed, local_date


class Match(Struct, frozen=True):
    """The slot and score that the sensor found."""

    slot: int
    score: int


class Reason(StrEnum):
    """Why a touch was not credited. The words are the wire's reason codes."""

    UNKNOWN = "unknown"
    DEACTIVATED = "deactivated"
    NOT_VALID = "not-valid"
    POOR_SCAN = "poor-scan"
    SENSOR_FAULT = "sensor-fault"


class Hint(StrEnum):
    """What the worker should do about a poor scan."""

    WIPE = "wipe"
    MOISTEN = "moisten"
    PRESS_FLAT = "press-flat"
    HOLD_STILL = "hold-still"
    HOLD_LONGER = "hold-longer"


class Policy(Struct, frozen=True, kw_only=True):
    """The gate's rules. ``repeat_window_ms`` 0 turns the repeat rule off.

    ``min_score`` is asked for beyond the sensor's own security level; 0 asks for nothing. ``zone``
    says on which day a moment falls.
    """

    repeat_window_ms: int
    direction: DirectionRule
    zone: ZoneInfo
    min_score: int = 0
    drift_ppm: int = 500
    """How far the machine's own clock may stray from the true pace, in millionths."""


class LastPunch(Struct, frozen=True):
    """A worker's most recent recorded punch on this ledger.

    ``stamp`` and ``direction`` are those of the press, where it was recorded again by a later
    ledger too.
    """

    seq: int
    stamp: Stamp
    direction: Direction | None


def last_punches(
    newest_first: Iterable[dict[str, Any]],
    now: Stamp,
    horizon_ms: float,
    is_voided: Callable[[int], bool],
) -> dict[str, LastPunch]:
    """Each worker's last recorded punch that may be younger than ``horizon_ms``, by code.

    ``newest_first`` is the ``data`` of a ledger's entries, the last one first; some may be missing.
    What a supervisor has added is no press: nobody repeats it, and it opens no shift.
    """
    found: dict[str, LastPunch] = {}
    later, passed_ms = now, 0.0
    for data in newest_first:
        stamp = stamp_of(data)
        # From entry to entry as well: a boot that does not know the time yet cannot tell how long
        # ago the last one was, but that one's own entries tell how far they lie apart.
        passed_ms += max(0.0, elapsed(stamp, later).least)
        if max(passed_ms, elapsed(stamp, now).least) > horizon_ms:
            break
        later = stamp
        if data["kind"] not in CREDITS or data["worker"] in found or is_voided(data["seq"]):
            continue
        press = told(data)
        pressed = stamp_of(press)
        if press["kind"] == RECORDED and elapsed(pressed, now).least <= horizon_ms:
            direction = Direction(press["direction"]) if press["direction"] else None
            found[data["worker"]] = LastPunch(data["seq"], pressed, direction)
    return found


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
    """What a search comes to: a match below the gate's own score is as good as none.

    So is one that scores nothing, whatever the gate asks for: some modules answer *found, slot 0,
    score 0* where they have found nobody.
    """
    if match is None or match.score < max(1, policy.min_score):
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
    if worker.deactivated:
        return Refused(Reason.DEACTIVATED, worker=worker.code)
    if worker.listed and _not_valid(worker.listed, last, now, policy.zone):
        return Refused(Reason.NOT_VALID, worker=worker.code)
    window_ms = policy.repeat_window_ms
    if last is not None and window_ms and elapsed(last.stamp, now).most <= window_ms:
        return Repeat(owner, match, last.seq)
    return Accepted(owner, match, _direction(policy.direction, last, now))


def _not_valid(listed: Employment, last: LastPunch | None, now: Stamp, zone: ZoneInfo) -> bool:
    """Whether payroll's dates certainly exclude this moment: nobody is refused by a doubtful clock.

    Whoever came in on the last day of the dates may still go out: a night shift ends on the next.
    """
    if _certainly_before(listed.valid_from, now, zone):
        return True
    if not _certainly_after(listed.valid_to, now, zone):
        return False
    inside = (
        last is not None
        and last.direction is not Direction.OUT
        and not _certainly_after(listed.valid_to, last.stamp, zone)
        and elapsed(last.stamp, now).least <= SHIFT_MS
    )
    return not inside


def _certainly_before(day: str | None, moment: Stamp, zone: ZoneInfo) -> bool:
    if day is None or not moment.trusted:
        return False
    return local_date(moment.wall_ms + (moment.uncertainty_ms or 0), zone) < day


def _certainly_after(day: str | None, moment: Stamp, zone: ZoneInfo) -> bool:
    if day is None or not moment.trusted:
        return False
    return local_date(moment.wall_ms - (moment.uncertainty_ms or 0), zone) > day


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
