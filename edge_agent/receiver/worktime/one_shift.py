"""The presses of one shift of one day: whether they are whole, and if not, what may be missing."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from msgspec import Struct

from ...contract.attendance import SHIFT_MS
from ...contract.corrections import ONE_PRESS_MS
from .presses import Press, Way
from .proposals import Ends, by_turns
from .sessions import Doubt, Missing, Reading, Session, Why, seconds_between
from .shifts import Instance, Pause
from .unplanned import bounds, in_doubt

_MINUTE_MS = 60_000
_NEAR_MS = 60 * _MINUTE_MS
"""So far from its place in the shift, a press is still clearly that one."""
_BESIDE_MS = 30 * _MINUTE_MS
"""Whoever is away so near a break is at it."""
_INTO_A_BREAK_MS = 20 * _MINUTE_MS
"""So much of a break that is to be pressed, or a third of it, somebody may still have worked:
whoever goes home at the break presses a little after it has begun."""
_MOST_READINGS = 3


class Block(Struct, frozen=True):
    """Presses ``first`` to before ``end`` as those of one shift, the one at ``place``.

    ``perfect``: there is no other way to read them. ``cost``: how many presses it has too few or
    too many, at least.
    """

    first: int
    end: int
    place: int
    shift: Instance
    presses: tuple[Press, ...]
    perfect: bool
    cost: int

    @property
    def far(self) -> int:
        """How many of them are not near their place."""
        points = [_point(press, self.shift) for press in self.presses]
        return sum(_distance(n, one, self.shift) > _NEAR_MS for n, one in enumerate(points))

    @property
    def pairs(self) -> tuple[Ends, ...]:
        """As rows for the eye: of one that is not perfect, as its likeliest reading has them."""
        if self.perfect:
            return tuple(zip(self.presses[::2], self.presses[1::2], strict=True))
        return tuple(_laid_out(self))


class _Point(Struct, frozen=True):
    """A press, or one that is supposed."""

    ms: int
    way: Way | None
    press: Press | None = None


def judge(first: int, presses: Sequence[Press], place: int, shift: Instance) -> Block:
    """Weigh these presses, in order, as all those of one shift."""
    points = [_point(press, shift) for press in presses]
    perfect = _is_whole(points, shift)
    cost = 0 if perfect else 1 if len(points) % 2 else 2
    return Block(
        first,
        first + len(presses),
        place,
        shift,
        tuple(presses),
        perfect,
        cost,
    )


def as_sessions(
    block: Block, before: Press | None, after: Press | None, lost: Sequence[Press]
) -> tuple[list[Session], list[Doubt]]:
    """What a block comes to. ``lost``: presses of which nobody knows when they were."""
    shift = block.shift
    among = [one for one in lost if _reaches(one, shift)]
    if block.perfect and not among:
        return _whole(block)
    why = _why(block, after)
    if among:
        why = Why.NO_TIME
    status, why = in_doubt([*block.presses, *among], why)
    missing = why in (Why.MISSING, Why.GOING_ON)
    since, until = bounds(block.presses, before, after)
    since, until = max(since, shift.first_ms), min(until, shift.last_ms)
    pairs = block.pairs
    last = len(pairs) - 1
    sessions = []
    for n, (came, left) in enumerate(pairs):
        if came and left and not among and _certain(came, left, shift):
            sessions.append(_complete(came, left, shift, first=n == 0, last=n == last))
            continue
        sessions.append(
            Session(
                came=came and came.came,
                left=left,
                date=shift.date,
                status=status,
                shift=shift,
                why=why,
                run=block.presses[0],
                since_ms=since if missing else None,
                until_ms=max(until, since) if missing else None,
                going_on=after is None,
            )
        )
    if all(session.status == "complete" for session in sessions):
        # All is said by evidence; it is only not how the shift goes.
        return sessions, []
    doubt = Doubt(
        date=shift.date,
        why=why,
        status=status,
        presses=list(block.presses),
        readings=readings_of(block),
        shift=shift,
        since_ms=since,
        until_ms=until,
    )
    return sessions, [doubt]


def readings_of(block: Block) -> list[Reading]:
    """The ways to read a block, the likeliest first: as it is, or with what may be missing."""
    if any(press.at_ms is None for press in block.presses):
        return []
    points = [_point(press, block.shift) for press in block.presses]
    if block.perfect:
        return [_reading(points, block.shift, ())]
    weighed = sorted(_mended(points, block.shift), key=lambda one: one[:2])
    if not weighed and len(points) % 2 == 0:
        return [_reading(points, block.shift, ())]
    return [_reading(found, block.shift, extra) for _, _, found, extra in weighed[:_MOST_READINGS]]


def _whole(block: Block) -> tuple[list[Session], list[Doubt]]:
    sessions, doubts = [], []
    presses = block.presses
    for n in range(0, len(presses), 2):
        came, left = presses[n], presses[n + 1]
        if came.at_ms is not None and left.at_ms is not None:
            sessions.append(
                _complete(came, left, block.shift, first=n == 0, last=n + 2 == len(presses))
            )
            continue
        status, why = in_doubt((came, left), Why.NO_TIME)
        sessions.append(
            Session(
                came=came.came,
                left=left,
                date=block.shift.date,
                status=status,
                shift=block.shift,
                why=why,
                run=came,
            )
        )
        doubts.append(
            Doubt(
                date=block.shift.date,
                why=why,
                status=status,
                presses=[came, left],
                readings=[],
                shift=block.shift,
            )
        )
    return sessions, doubts


def _complete(came: Press, left: Press, shift: Instance, *, first: bool, last: bool) -> Session:
    begin_ms, end_ms = came.came_ms, left.place_ms
    unpaid = sum(
        seconds_between(max(begin_ms, pause.begin_ms), min(end_ms, pause.end_ms))
        for pause in shift.pauses
        if not (pause.paid or pause.pressed) and pause.begin_ms < end_ms and begin_ms < pause.end_ms
    )
    return Session(
        came=came.came,
        left=left,
        date=shift.date,
        status="complete",
        shift=shift,
        seconds=seconds_between(begin_ms, end_ms),
        break_seconds=unpaid,
        late_seconds=max(0, seconds_between(shift.begin_ms, begin_ms)) if first else 0,
        early_seconds=max(0, seconds_between(end_ms, shift.end_ms)) if last else 0,
    )


def _certain(came: Press, left: Press, shift: Instance) -> bool:
    """Whether evidence alone makes a session of these, however the rest of the block is read."""
    if came.way != "in" or left.way != "out":
        return False
    if came.at_ms is None or left.at_ms is None:
        return False
    begin_ms, end_ms = came.came_ms, left.place_ms
    if not ONE_PRESS_MS <= end_ms - begin_ms <= SHIFT_MS:
        return False
    return not any(
        pause.pressed and _within(begin_ms, end_ms, pause) > _into(pause) for pause in shift.pauses
    )


def _why(block: Block, after: Press | None) -> Why:
    count = len(block.presses)
    pairs = block.pairs
    if count % 2 and after is None and pairs[-1][1] is None:
        return Why.GOING_ON
    spans = [left.place_ms - came.came_ms for came, left in pairs if came and left]
    if any(span > SHIFT_MS for span in spans):
        return Why.TOO_LONG
    if any(span < ONE_PRESS_MS for span in spans):
        return Why.TOO_SHORT
    asked = 2 + 2 * sum(pause.pressed for pause in block.shift.pauses)
    return Why.EXTRA if count > asked else Why.MISSING


def _reaches(press: Press, shift: Instance) -> bool:
    low = press.place_ms if press.low_ms is None else press.low_ms
    high = press.place_ms if press.high_ms is None else press.high_ms
    return low <= shift.last_ms and shift.first_ms <= high


def _point(press: Press, shift: Instance) -> _Point:
    ms = press.place_ms
    if press.at_ms is None:
        ms = min(max(ms, shift.first_ms), shift.last_ms)
    return _Point(ms, press.way, press)


def _is_whole(points: Sequence[_Point], shift: Instance) -> bool:
    """Whether in and out by turns is the only way to read them."""
    if len(points) < 2 or len(points) % 2:
        return False
    if any(one.way not in (None, ("in", "out")[n % 2]) for n, one in enumerate(points)):
        return False
    if points[0].ms >= shift.end_ms or points[-1].ms <= shift.begin_ms:
        return False
    worked = [(points[n].ms, points[n + 1].ms) for n in range(0, len(points), 2)]
    if any(not ONE_PRESS_MS <= end - begin <= SHIFT_MS for begin, end in worked):
        timed = [one.press is None or one.press.at_ms is not None for one in points]
        if all(timed):
            return False
    away = [(points[n], points[n + 1]) for n in range(1, len(points) - 1, 2)]
    taken: set[int] = set()
    for left, came in away:
        on = next(
            (
                n
                for n, pause in enumerate(shift.pauses)
                if n not in taken and _on_break(left.ms, came.ms, pause)
            ),
            None,
        )
        if on is not None:
            taken.add(on)
        elif not (left.way == "out" and came.way == "in"):
            return False
    return not any(
        pause.pressed
        and n not in taken
        and sum(_within(begin, end, pause) for begin, end in worked) > _into(pause)
        for n, pause in enumerate(shift.pauses)
    )


def _on_break(left_ms: int, came_ms: int, pause: Pause) -> bool:
    """Whether somebody who was away between the two had this break, a little early or late."""
    longest = pause.end_ms - pause.begin_ms + _NEAR_MS
    touches = left_ms < pause.end_ms + _BESIDE_MS and came_ms > pause.begin_ms - _BESIDE_MS
    return touches and came_ms - left_ms <= longest


def _within(begin_ms: int, end_ms: int, pause: Pause) -> int:
    return max(0, min(end_ms, pause.end_ms) - max(begin_ms, pause.begin_ms))


def _into(pause: Pause) -> int:
    return min(_INTO_A_BREAK_MS, (pause.end_ms - pause.begin_ms) // 3)


def _slots(shift: Instance) -> list[_Point]:
    """When each press of a whole day would be, and which way it leads."""
    found = [_Point(shift.begin_ms, "in")]
    for pause in shift.pauses:
        if pause.pressed:
            found += [_Point(pause.begin_ms, "out"), _Point(pause.end_ms, "in")]
    return [*found, _Point(shift.end_ms, "out")]


def _distance(n: int, point: _Point, shift: Instance) -> int:
    """How far the n-th press is from the nearest place of its way."""
    way = ("in", "out")[n % 2]
    return min(abs(point.ms - slot.ms) for slot in _slots(shift) if slot.way == way)


def _mended(
    points: Sequence[_Point], shift: Instance
) -> Iterator[tuple[int, int, list[_Point], tuple[Press, ...]]]:
    """Each way to make a whole day of them: by how many presses, and how far from their places."""
    slots = _slots(shift)
    for count in (1, 2, 3):
        if (len(points) + count) % 2:
            continue
        for some in combinations(slots, count):
            found = sorted([*points, *some], key=lambda point: point.ms)
            if _is_whole(found, shift):
                yield count, _distances(found, shift), found, ()
    for n, point in enumerate(points):
        found = [*points[:n], *points[n + 1 :]]
        if point.press is not None and _is_whole(found, shift):
            yield 1, _distances(found, shift) + _NEAR_MS, found, (point.press,)


def _distances(points: Sequence[_Point], shift: Instance) -> int:
    return sum(_distance(n, point, shift) for n, point in enumerate(points))


def _reading(points: Sequence[_Point], shift: Instance, extra: tuple[Press, ...]) -> Reading:
    def at(point: _Point) -> int | None:
        return point.ms if point.press is not None else None

    pairs = [(at(points[n]), at(points[n + 1])) for n in range(0, len(points) - 1, 2)]
    missing = [
        Missing(
            way="out" if n % 2 else "in",
            about_ms=point.ms,
            after_ms=points[n - 1].ms if n else None,
            before_ms=points[n + 1].ms if n + 1 < len(points) else None,
        )
        for n, point in enumerate(points)
        if point.press is None
    ]
    seconds = sum(
        seconds_between(points[n].ms, points[n + 1].ms) for n in range(0, len(points) - 1, 2)
    )
    return Reading(
        pairs=pairs, missing=missing, extra=list(extra), seconds=seconds, shift=shift.shift
    )


def _laid_out(block: Block) -> Iterator[Ends]:
    points = [_point(press, block.shift) for press in block.presses]
    weighed = sorted(_mended(points, block.shift), key=lambda one: one[:2])
    likeliest = next((found for _, _, found, extra in weighed if not extra), None)
    if likeliest is None:
        yield from by_turns(block.presses)
        return
    for n in range(0, len(likeliest) - 1, 2):
        came, left = likeliest[n].press, likeliest[n + 1].press
        if came is not None or left is not None:
            yield came, left
