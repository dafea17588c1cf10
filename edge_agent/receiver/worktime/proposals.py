"""What a person is shown of presses that belong to no shift, and may choose from. Pure."""

from collections.abc import Iterator, Sequence

from .presses import Press
from .sessions import Missing, Reading, seconds_between

_MOST_READINGS = 4

Ends = tuple[Press | None, Press | None]


def laid_out(stretch: Sequence[Press], days: dict[int, str | None]) -> Iterator[Ends]:
    """The presses as rows for the eye, day by day."""
    groups = _by_day(stretch, days) if len(stretch) % 2 else [list(stretch)]
    for group in groups:
        yield from by_turns(group)


def by_turns(group: Sequence[Press]) -> Iterator[Ends]:
    """In and out by turns, as far as evidence allows, and what is left without its other end."""
    came: Press | None = None
    for press in group:
        if press.way == "in" or (press.way is None and came is None):
            if came is not None:
                yield came, None
            came = press
        else:
            yield came, press
            came = None
    if came is not None:
        yield came, None


def odd_day(stretch: Sequence[Press], days: dict[int, str | None]) -> str | None:
    """The day that a person has to look at first."""
    groups = _by_day(stretch, days)
    group = next((group for group in groups if len(group) % 2), groups[0])
    return next((date_of(press, None, days) for press in group if press.at_ms is not None), None)


def readings(stretch: Sequence[Press], days: dict[int, str | None], *, odd: bool) -> list[Reading]:
    """What a person may choose from, for the first day that cannot be read as it comes."""
    if any(press.at_ms is None for press in stretch):
        return []
    if not odd:
        found = [_reading(list(stretch))]
        if len(stretch) > 2:
            found.append(_reading([None, *stretch, None]))
        return found
    groups = _by_day(stretch, days)
    group = next((group for group in groups if len(group) % 2), list(stretch))
    found = []
    for place in range(len(group), -1, -1):
        # A press may be missing before an out, or after an in: nowhere else.
        points: list[Press | None] = [*group[:place], None, *group[place:]]
        turns = zip(points, range(len(points)), strict=True)
        if all(one is None or one.way in (None, ("in", "out")[n % 2]) for one, n in turns):
            found.append(_reading(points))
    return found[:_MOST_READINGS]


def date_of(came: Press | None, left: Press | None, days: dict[int, str | None]) -> str | None:
    """The working day of a session, by its in where that has a time."""
    for press in (came, left):
        if press is not None and press.at_ms is not None:
            return days.get(press.place_ms, press.day)
    return None


def _by_day(stretch: Sequence[Press], days: dict[int, str | None]) -> list[list[Press]]:
    groups: list[list[Press]] = []
    last: str | None = None
    for press in stretch:
        day = days.get(press.place_ms, press.day) if press.at_ms is not None else last
        if groups and day == last:
            groups[-1].append(press)
        else:
            groups.append([press])
        last = day
    return groups


def _reading(points: Sequence[Press | None]) -> Reading:
    """In and out by turns, with None for a press that this reading misses."""
    pairs, missing, seconds = [], [], 0
    times = [one.place_ms if one else None for one in points]
    for n in range(0, len(points) - 1, 2):
        came, left = points[n], points[n + 1]
        came_ms = came.came_ms if came else None
        left_ms = left.place_ms if left else None
        pairs.append((came_ms, left_ms))
        if came_ms is not None and left_ms is not None:
            seconds += seconds_between(came_ms, left_ms)
        for place in (n, n + 1):
            if points[place] is None:
                missing.append(
                    Missing(
                        way="out" if place % 2 else "in",
                        after_ms=times[place - 1] if place else None,
                        before_ms=times[place + 1] if place + 1 < len(times) else None,
                    )
                )
    return Reading(pairs=pairs, missing=missing, seconds=seconds)
