"""What a touch means: proof + worker + last punch + stamp + policy → a verdict."""

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct, UnsetType

from ..contract.attendance import SHIFT_MS
from ..contract.facts import Direction, DirectionSource, Method
from ..contract.people import Employment, Print, Worker
from ..contract.stamps import Stamp, local_date
from .directions import DirectionRule, Hours, KeyDefault
from .evidence import Evidence
from .last_punch import LastPunch

LONGEST_LOOK_BACK_MS = 86_400_000
"""How long ago a punch may be that a rule still asks for, whatever the settings: the repeat window
is at most a day, and a shift is shorter."""


class Match(Struct, frozen=True):
    """The slot and score that the sensor found."""

    slot: int
    score: int


class Proof(Struct, frozen=True, kw_only=True):
    """Who somebody has proved to be, and by what. ``evidence`` is a finger's.

    ``allowed``: whether this gate takes anything but fingers of this worker. ``consented``: whether
    it may use their fingers.
    """

    worker: str
    method: Method
    evidence: Evidence | None = None
    allowed: bool = True
    consented: bool = True

    @classmethod
    def by_finger(cls, owner: Print, match: Match, *, consented: bool = True) -> "Proof":
        """A match of the print that holds the matched slot."""
        evidence = Evidence(
            finger=owner.finger,
            slot=owner.slot,
            generation=owner.generation,
            score=match.score,
        )
        return cls(
            worker=owner.worker, method=Method.FINGER, evidence=evidence, consented=consented
        )


class Reason(StrEnum):
    """Why a touch was not credited. The words are the wire's reason codes."""

    UNKNOWN = "unknown"
    DEACTIVATED = "deactivated"
    NOT_VALID = "not-valid"
    UNPROVEN = "unproven"
    """In the slot that was found is another template than was enrolled: whose, nobody knows."""
    POOR_SCAN = "poor-scan"
    SENSOR_FAULT = "sensor-fault"
    NOT_NAMED = "not-named"
    """The worker may not punch by other means than a finger here."""
    NO_CONSENT = "no-consent"
    """The worker has not agreed, or not any more, that their fingers are used."""
    WRONG_PIN = "wrong-pin"
    LOCKED = "locked"
    """So many PINs were wrong that none is taken for a while, not even the right one."""


class Hint(StrEnum):
    """What the worker should do about a poor scan."""

    WIPE = "wipe"
    MOISTEN = "moisten"
    PRESS_FLAT = "press-flat"
    HOLD_STILL = "hold-still"
    HOLD_LONGER = "hold-longer"


class Policy(Struct, frozen=True, kw_only=True):
    """The gate's rules. ``repeat_window_ms`` 0 turns the repeat rule off.

    ``min_score`` is asked for beyond the sensor's own security level; 0 asks for nothing. A match
    below ``confirm_below`` counts only where a second look finds the same print. ``zone`` says on
    which day a moment falls. ``without_key``, and the hours of either direction, count
    where the direction is by keys.
    """

    repeat_window_ms: int
    direction: DirectionRule
    zone: ZoneInfo
    without_key: KeyDefault = KeyDefault.NONE
    in_hours: tuple[Hours, ...] = ()
    out_hours: tuple[Hours, ...] = ()
    min_score: int = 0
    consent_required: bool = False
    erase_within_days: int = 0
    """Working days after which whoever has left or withdrawn is erased; 0: at once."""
    confirm_below: int = 0
    drift_ppm: int = 500
    """How far the machine's own clock may stray from the true pace, in millionths."""


class Accepted(Struct, frozen=True):
    """The touch is a punch of whom it proves."""

    proof: Proof
    direction: Direction | None
    direction_source: DirectionSource | None


class Repeat(Struct, frozen=True):
    """The touch certainly fell within the repeat window of punch ``of``.

    ``direction``: by the key that its worker has pressed this time, where ``of`` led another way.
    """

    proof: Proof
    of: int
    direction: Direction | None = None


class Refused(Struct, frozen=True):
    """The touch is credited to nobody. ``worker`` is the code where the sensor knew the finger."""

    reason: Reason
    worker: str | None = None
    hint: Hint | None = None
    method: Method | UnsetType = UNSET
    """Where it was no finger."""


Verdict = Accepted | Repeat | Refused


def recognised(match: Match | None, policy: Policy) -> Match | Refused:
    """What a search comes to: a match below the gate's own score is as good as none.

    So is one that scores nothing, whatever the gate asks for: some modules answer *found, slot 0,
    score 0* where they have found nobody.
    """
    if match is None or match.score < max(1, policy.min_score):
        return Refused(Reason.UNKNOWN)
    return match


def is_weak(match: Match, policy: Policy) -> bool:
    """Whether a match counts only after a second look: any finger may meet such a score."""
    return match.score < policy.confirm_below


def judge(
    proof: Proof | None,
    worker: Worker | None,
    last: LastPunch | None,
    now: Stamp,
    policy: Policy,
    key: Direction | None = None,
) -> Verdict:
    """Decide one touch. ``key``: the direction whose key was pressed for it.

    ``proof`` is None where a match is in a slot that nobody holds; ``worker`` is whom it proves.
    A repeat must be *certain*: in doubt the punch is recorded.
    """
    if proof is None or worker is None:
        return Refused(Reason.UNKNOWN)
    method = UNSET if proof.method is Method.FINGER else proof.method
    if worker.deactivated:
        return Refused(Reason.DEACTIVATED, worker.code, method=method)
    if worker.listed and _not_valid(worker.listed, last, now, policy.zone):
        return Refused(Reason.NOT_VALID, worker.code, method=method)
    if not proof.consented:
        return Refused(Reason.NO_CONSENT, worker.code, method=method)
    if not proof.allowed:
        return Refused(Reason.NOT_NAMED, worker.code, method=method)
    window_ms = policy.repeat_window_ms
    if last is not None and window_ms and last.ago(now).most <= window_ms:
        return Repeat(proof, last.seq, key if key is not last.direction else None)
    return Accepted(proof, *_direction(policy, last, now, key))


def _not_valid(listed: Employment, last: LastPunch | None, now: Stamp, zone: ZoneInfo) -> bool:
    """Whether payroll's dates certainly exclude this moment: nobody is refused by a doubtful clock.

    Whoever came in on the last day of the dates may still go out: a night shift ends on the next.
    """
    return _certainly_before(listed.valid_from, now, zone) or dates_are_over(
        listed, last, now, zone
    )


def dates_are_over(listed: Employment, last: LastPunch | None, now: Stamp, zone: ZoneInfo) -> bool:
    """Whether payroll's last day is certainly over, for somebody who is not still inside."""
    if not _certainly_after(listed.valid_to, now, zone):
        return False
    inside = (
        last is not None
        and last.direction is not Direction.OUT
        and not _after_the_dates(listed, last, zone)
        and last.ago(now).least <= SHIFT_MS
    )
    return not inside


def _after_the_dates(listed: Employment, last: LastPunch, zone: ZoneInfo) -> bool:
    if last.said_ms is None or listed.valid_to is None:
        return _certainly_after(listed.valid_to, last.stamp, zone)
    return local_date(last.said_ms, zone) > listed.valid_to


def _certainly_before(day: str | None, moment: Stamp, zone: ZoneInfo) -> bool:
    if day is None or not moment.trusted:
        return False
    return local_date(moment.wall_ms + (moment.uncertainty_ms or 0), zone) < day


def _certainly_after(day: str | None, moment: Stamp, zone: ZoneInfo) -> bool:
    if day is None or not moment.trusted:
        return False
    return local_date(moment.wall_ms - (moment.uncertainty_ms or 0), zone) > day


def _direction(
    policy: Policy, last: LastPunch | None, now: Stamp, key: Direction | None
) -> tuple[Direction | None, DirectionSource | None]:
    """Which way, and how that is known."""
    match policy.direction:
        case DirectionRule.IN | DirectionRule.OUT as only:
            return Direction(only.value), DirectionSource(only.value)
        case DirectionRule.ALTERNATE:
            way, source = _alternate(last, now), DirectionSource.ALTERNATE
        case DirectionRule.KEYS if key is not None:
            return key, DirectionSource.KEY
        case DirectionRule.KEYS if policy.without_key is KeyDefault.ALTERNATE:
            way, source = _alternate(last, now), DirectionSource.ALTERNATE
        case DirectionRule.KEYS if policy.without_key is KeyDefault.HOURS:
            way, source = by_hours(policy, now), DirectionSource.HOURS
        case _:
            return None, None
    return (
        (way, source)
        if way is not None or policy.direction is not DirectionRule.KEYS
        else (None, None)
    )


def by_hours(policy: Policy, now: Stamp) -> Direction | None:
    """The direction of this time of day; None where there is none, or the time is not known."""
    if not now.trusted:
        return None
    local = datetime.fromtimestamp(now.wall_ms / 1000, policy.zone)
    minute = local.hour * 60 + local.minute
    found = [
        way
        for way, hours in ((Direction.IN, policy.in_hours), (Direction.OUT, policy.out_hours))
        if any(one.hold(minute) for one in hours)
    ]
    return found[0] if len(found) == 1 else None


def _alternate(last: LastPunch | None, now: Stamp) -> Direction | None:
    if last is None:
        return Direction.IN
    since = last.ago(now)
    if since.least > SHIFT_MS:
        return Direction.IN
    if since.most > SHIFT_MS or last.direction is None:
        return None  # It may or may not be the same shift: the gate does not know.
    return Direction.OUT if last.direction is Direction.IN else Direction.IN
