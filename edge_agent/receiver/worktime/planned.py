"""How presses are read by a worker's shifts. Pure.

A press belongs to the shift whose window holds it. Where windows overlap, all ways to share the
presses out are weighed, and what is the same in each of the best ones is certain; the rest is for
a person. What belongs to no shift is read as ``unplanned.py`` does, and told.
"""

from collections.abc import Iterator, Sequence

from ...contract.attendance import SHIFT_MS
from .one_shift import Block, as_sessions, judge, readings_of
from .presses import Press
from .proposals import Ends, by_turns
from .sessions import Doubt, Paired, Reading, Session, Why
from .shared_out import share_out
from .shifts import Instance
from .unplanned import bounds, in_doubt, read_unplanned, sessions_of, unplaced, working_days


def read_planned(presses: Sequence[Press], shifts: Sequence[Instance]) -> Paired:
    """Read all presses of a worker, in order; ``shifts`` are in the order of their begin."""
    fits = _candidates(presses, shifts)
    days = working_days(presses)
    lost = unplaced(presses)
    sessions: list[Session] = []
    doubts: list[Doubt] = []
    planned_days = {shift.date for shift in shifts}
    for first, end in _components(presses, fits):
        part = presses[first:end]
        before = presses[first - 1] if first else None
        after = presses[end] if end < len(presses) else None
        if fits[first]:
            found = _read_component(part, fits[first:end], shifts, before, after, lost)
        else:
            has_shifts = any(press.day in planned_days for press in part)
            why = Why.NO_SHIFT if has_shifts else None
            found = read_unplanned(part, before=before, after=after, days=days, why=why)
        sessions += found.sessions
        doubts += found.doubts
    return Paired(sessions, doubts)


def _candidates(presses: Sequence[Press], shifts: Sequence[Instance]) -> list[tuple[int, ...]]:
    """Of each press, the places of the shifts whose window holds it.

    An in and the next press, an out, that evidence makes a session which no window holds as a
    whole, are taken out of all shifts: they are what they are.
    """
    found: list[tuple[int, ...]] = []
    begin = 0
    for press in presses:
        low, high = _reach(press)
        while begin < len(shifts) and shifts[begin].last_ms < low - 2 * SHIFT_MS:
            begin += 1
        held = []
        for n in range(begin, len(shifts)):
            if shifts[n].first_ms > high + 2 * SHIFT_MS:
                break
            if shifts[n].first_ms <= high and low <= shifts[n].last_ms:
                held.append(n)
        found.append(tuple(held))
    for n in range(1, len(presses)):
        came, left = presses[n - 1], presses[n]
        if came.way == "in" and left.way == "out" and not set(found[n - 1]) & set(found[n]):
            apart = left.place_ms - came.came_ms
            if came.at_ms is not None and left.at_ms is not None and apart <= SHIFT_MS:
                found[n - 1] = found[n] = ()
    return found


def _reach(press: Press) -> tuple[int, int]:
    if press.at_ms is not None:
        return press.place_ms, press.place_ms
    low = press.place_ms if press.low_ms is None else press.low_ms
    return low, press.place_ms if press.high_ms is None else press.high_ms


def _components(
    presses: Sequence[Press], fits: Sequence[tuple[int, ...]]
) -> Iterator[tuple[int, int]]:
    """Presses that have nothing to do with each other are read apart."""
    first = 0
    seen: set[int] = set(fits[0]) if fits else set()
    for n in range(1, len(presses)):
        joined = bool(seen & set(fits[n])) if fits[n] else not seen
        if not joined:
            yield first, n
            first = n
            seen = set()
        seen |= set(fits[n])
    if presses:
        yield first, len(presses)


def _read_component(
    part: Sequence[Press],
    fits: Sequence[tuple[int, ...]],
    shifts: Sequence[Instance],
    before: Press | None,
    after: Press | None,
    lost: Sequence[Press],
) -> Paired:
    only = fits[0][0]
    if all(one == (only,) for one in fits):
        certain, stretches = [judge(0, part, only, shifts[only])], list[tuple[int, int]]()
        ways: list[list[Block]] = []
    else:
        certain, stretches, ways = share_out(part, fits, shifts)
    found: list[tuple[int, list[Session], list[Doubt]]] = []
    for block in certain:
        last = part[block.first - 1] if block.first else before
        following = part[block.end] if block.end < len(part) else after
        sessions, doubts = as_sessions(block, last, following, lost)
        found.append((block.first, sessions, doubts))
    for first, end in stretches:
        last = part[first - 1] if first else before
        following = part[end] if end < len(part) else after
        inside = [
            [block for block in way if first <= block.first and block.end <= end] for way in ways
        ]
        sessions, doubts = _in_two_ways(part[first:end], inside, last, following)
        found.append((first, sessions, doubts))
    found.sort(key=lambda one: one[0])
    return Paired(
        [one for _, sessions, _ in found for one in sessions],
        [one for _, _, doubts in found for one in doubts],
    )


def _in_two_ways(
    stretch: Sequence[Press], ways: list[list[Block]], before: Press | None, after: Press | None
) -> tuple[list[Session], list[Doubt]]:
    """Presses that the best ways to share them out read differently."""
    whole = [way for way in ways if way and all(block.perfect for block in way)]
    if whole and len({tuple(block.pairs for block in way) for way in whole}) == 1:
        why = Why.TWO_SHIFTS
    elif whole or not ways:
        why = Why.TWO_READINGS
    else:
        # Perhaps the first press of a shift: in one of the ways to read it.
        going_on = after is None and any(way and way[-1].pairs[-1][1] is None for way in ways)
        why = Why.GOING_ON if going_on else Why.MISSING
    status, why = in_doubt(stretch, why)
    since, until = bounds(stretch, before, after)
    rows: list[tuple[Ends, str | None]] = [
        (pair, block.shift.date) for block in (ways or [[]])[0] for pair in block.pairs
    ]
    rows = rows or [(pair, stretch[0].day) for pair in by_turns(stretch)]
    readings = [_joined([readings_of(block)[:1] for block in way]) for way in ways]
    doubt = Doubt(
        date=rows[0][1],
        why=why,
        status=status,
        presses=list(stretch),
        readings=[one for one in readings if one.pairs],
        since_ms=since,
        until_ms=until,
    )
    missing = why in (Why.MISSING, Why.GOING_ON)
    return sessions_of(doubt, rows, missing=missing, going_on=after is None), [doubt]


def _joined(parts: list[list[Reading]]) -> Reading:
    """Readings of one block after another, as one."""
    every = [reading for part in parts for reading in part]
    return Reading(
        pairs=[pair for one in every for pair in one.pairs],
        missing=[missing for one in every for missing in one.missing],
        extra=[press for one in every for press in one.extra],
        seconds=sum(one.seconds or 0 for one in every),
        shift=" + ".join(one.shift for one in every if one.shift) or None,
    )
