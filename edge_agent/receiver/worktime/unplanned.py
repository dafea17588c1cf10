"""How presses are read that belong to no shift: by evidence, and without it with great care. Pure.

A *run* is a row of presses without a pause that is longer than a session can be. Evidence cuts it
into *stretches*: an in begins one, an out ends one. A stretch is read as it comes, in and out by
turns, where that is the only way to read it. In one with an odd number a press is missing or too
many: what is the same wherever that may be is certain, and the rest is for a person as a whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import inf

from ...contract.attendance import SHIFT_MS, WorkingDay
from ...contract.corrections import ONE_PRESS_MS
from .presses import Press
from .proposals import Ends, date_of, laid_out, odd_day, readings
from .sessions import Doubt, Paired, Session, Status, Why, seconds_between

REST_MS = 8 * 3600 * 1000
"""Between two working days. Whoever was away for less is at the same day's work."""

_LONGEST_STRETCH = 150


def read_unplanned(
    presses: Sequence[Press],
    *,
    before: Press | None = None,
    after: Press | None = None,
    days: dict[int, str | None] | None = None,
    why: Why | None = None,
) -> Paired:
    """Read presses that are in order. ``before`` and ``after`` are the worker's next ones.

    ``days`` are the working days, by ``place_ms``, where they are known already. ``why``: what is
    to be told of all that is found.
    """
    known = working_days(presses) if days is None else days
    lost = unplaced(presses)
    sessions, doubts = [], []
    stretches = [stretch for run in _runs(presses) for stretch in _stretches(run)]
    for n, stretch in enumerate(stretches):
        last = stretches[n - 1][-1] if n else before
        following = stretches[n + 1][0] if n + 1 < len(stretches) else after
        among = [one for one in lost if one in stretch or _may_be_among(one, stretch)]
        found = _read(stretch, last, following, known, why, among)
        sessions += found.sessions
        doubts += found.doubts
    return Paired(sessions, doubts)


def working_days(presses: Sequence[Press]) -> dict[int, str | None]:
    """The day on which each press's working day began, by ``place_ms``."""
    day = WorkingDay()
    dates: dict[int, str | None] = {}
    found: dict[int, str | None] = {}
    for press in presses:
        if press.at_ms is not None:
            dates.setdefault(press.at_ms, press.day)
            found[press.place_ms] = dates[day.began(press.at_ms)]
    return found


def unplaced(presses: Sequence[Press]) -> list[Press]:
    """Presses without a time, of which nobody knows between which others they were."""
    return [
        press
        for press in presses
        if press.at_ms is None
        and any(
            other is not press
            and (other.ledger != press.ledger or other.at_ms is not None)
            and _lowest(press) < _highest(other)
            and _lowest(other) < _highest(press)
            for other in presses
        )
    ]


def _lowest(press: Press) -> float:
    if press.at_ms is not None:
        return press.at_ms
    return -inf if press.low_ms is None else press.low_ms


def _highest(press: Press) -> float:
    if press.at_ms is not None:
        return press.at_ms
    return inf if press.high_ms is None else press.high_ms


def _may_be_among(lost: Press, stretch: Sequence[Press]) -> bool:
    return _lowest(lost) < _highest(stretch[-1]) and _lowest(stretch[0]) < _highest(lost)


def in_doubt(presses: Sequence[Press], why: Why) -> tuple[Status, Why]:
    """What it is called where these presses are for a person, or wait."""
    if any(press.at_ms is None and press.pending for press in presses):
        return "pending-time", Why.PENDING_TIME
    if any(press.at_ms is None for press in presses):
        return "manual", Why.NO_TIME
    return ("open" if why is Why.GOING_ON else "manual"), why


def bounds(presses: Sequence[Press], before: Press | None, after: Press | None) -> tuple[int, int]:
    """Between which moments a press that is missing beside these may have been."""
    first, last = presses[0], presses[-1]
    since = first.place_ms
    if first.way != "in":
        since -= SHIFT_MS
        if before is not None:
            since = max(since, before.place_ms)
    until = last.place_ms
    if last.way != "out":
        until += SHIFT_MS
        if after is not None:
            until = min(until, after.place_ms)
    return since, until


def _runs(presses: Sequence[Press]) -> Iterator[list[Press]]:
    run: list[Press] = []
    for press in presses:
        if run and press.place_ms - run[-1].came_ms > SHIFT_MS:
            yield run
            run = []
        run.append(press)
    if run:
        yield run


def _stretches(run: Sequence[Press]) -> Iterator[list[Press]]:
    stretch: list[Press] = []
    for press in run:
        if press.way == "in" and stretch:
            yield stretch
            stretch = []
        stretch.append(press)
        if press.way == "out":
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _read(
    stretch: list[Press],
    before: Press | None,
    after: Press | None,
    days: dict[int, str | None],
    note: Why | None,
    lost: Sequence[Press],
) -> Paired:
    if len(stretch) % 2 and not lost and (parts := _cut_at_certain(stretch)):
        return _read_parts(parts, before, after, days, note)
    why = _what_is_wrong(stretch, after)
    if lost:
        why = Why.NO_TIME
    elif why is None and note is not None and not all(press.way for press in stretch):
        why = note
    if why is None:
        return _as_it_comes(list(zip(stretch[::2], stretch[1::2], strict=True)), days, note)
    return _in_doubt(stretch, why, before, after, days, lost, note)


def _read_parts(
    parts: list[tuple[list[Press], bool]],
    before: Press | None,
    after: Press | None,
    days: dict[int, str | None],
    note: Why | None,
) -> Paired:
    sessions, doubts = [], []
    for n, (part, certain) in enumerate(parts):
        last = parts[n - 1][0][-1] if n else before
        following = parts[n + 1][0][0] if n + 1 < len(parts) else after
        if certain:
            found = _read(part, last, following, days, note, ())
        else:
            why = _missing(part, following)
            found = _in_doubt(part, why, last, following, days, note=note)
        sessions += found.sessions
        doubts += found.doubts
    return Paired(sessions, doubts)


def _in_doubt(
    stretch: list[Press],
    why: Why,
    before: Press | None,
    after: Press | None,
    days: dict[int, str | None],
    lost: Sequence[Press] = (),
    note: Why | None = None,
) -> Paired:
    """A stretch for a person, or one that waits, as a whole."""
    status, why = in_doubt([*stretch, *lost], why)
    since, until = bounds(stretch, before, after)
    missing = why in (Why.MISSING, Why.GOING_ON)
    if why is Why.MISSING and note is not None:
        why = note
    doubt = Doubt(
        date=odd_day(stretch, days),
        why=why,
        status=status,
        presses=stretch,
        readings=readings(stretch, days, odd=missing and len(stretch) % 2 == 1),
        since_ms=since,
        until_ms=until,
    )
    rows = [(pair, date_of(*pair, days)) for pair in laid_out(stretch, days)]
    return Paired(sessions_of(doubt, rows, missing=missing, going_on=after is None), [doubt])


def sessions_of(
    doubt: Doubt, rows: Iterable[tuple[Ends, str | None]], *, missing: bool, going_on: bool
) -> list[Session]:
    """A doubt's presses laid out as ``rows`` have them, each with its date.

    ``missing``: a press may be missing, so that the gate has to be covered around them.
    """
    return [
        Session(
            came=came and came.came,
            left=left,
            date=date,
            status=doubt.status,
            why=doubt.why,
            run=doubt.presses[0],
            since_ms=doubt.since_ms if missing else None,
            until_ms=doubt.until_ms if missing else None,
            going_on=going_on,
        )
        for (came, left), date in rows
    ]


def _missing(stretch: Sequence[Press], after: Press | None) -> Why:
    going_on = after is None and len(stretch) % 2 and stretch[-1].way != "out"
    return Why.GOING_ON if going_on else Why.MISSING


def _what_is_wrong(stretch: Sequence[Press], after: Press | None) -> Why | None:
    """Why a stretch cannot be read as it comes."""
    if len(stretch) % 2:
        return _missing(stretch, after)
    pairs = list(zip(stretch[::2], stretch[1::2], strict=False))
    lengths = [left.place_ms - came.came_ms for came, left in pairs if came.at_ms and left.at_ms]
    if any(length < ONE_PRESS_MS for length in lengths):
        return Why.TOO_SHORT
    if any(length > SHIFT_MS for length in lengths):
        return Why.TOO_LONG
    if all(press.way for press in stretch):
        return None
    spans = [(came.place_ms, left.place_ms) for came, left in pairs]
    if not _humane(spans):
        return Why.TWO_READINGS
    if len(stretch) > 2 and not any(press.way for press in stretch):
        turned = [(left.place_ms, came.place_ms) for (_, left), (came, _) in pairwise(pairs)]
        # By turns the other way: the rests between are the work. Two presses would be missing,
        # the first and the last, and nobody could see it.
        rests = any(end - begin >= REST_MS for begin, end in turned)
        if rests and _humane(turned):
            return Why.TWO_READINGS
    return None


def _cut_at_certain(stretch: Sequence[Press]) -> list[tuple[list[Press], bool]]:
    """An odd stretch in parts: pairs that are the same whichever press is left over (True), and
    what lies between them. Empty where nothing is certain, or it is longer than anybody's work."""
    count = len(stretch)
    if not 3 < count <= _LONGEST_STRETCH or any(press.at_ms is None for press in stretch):
        return []
    certain: set[tuple[int, int]] | None = None
    for left_over in range(count):
        places = [n for n in range(count) if n != left_over]
        pairs = list(zip(places[::2], places[1::2], strict=True))
        spans = [(stretch[n].came_ms, stretch[m].place_ms) for n, m in pairs]
        if all(ONE_PRESS_MS <= end - begin <= SHIFT_MS for begin, end in spans) and _humane(spans):
            certain = set(pairs) if certain is None else certain & set(pairs)
            if not certain:
                return []
    parts: list[tuple[list[Press], bool]] = []
    at = 0
    for begin, end in sorted(certain or ()):
        if at < begin:
            parts.append((list(stretch[at:begin]), False))
        parts.append((list(stretch[begin : end + 1]), True))
        at = end + 1
    if parts and at < count:
        parts.append((list(stretch[at:]), False))
    return parts


def _humane(spans: Sequence[tuple[int, int]]) -> bool:
    """Whether nobody would have been at work, with their breaks, for longer than a shift."""
    began, ended = spans[0]
    for begin, end in spans:
        if begin - ended >= REST_MS:
            began = begin
        ended = end
        if ended - began > SHIFT_MS:
            return False
    return True


def _as_it_comes(
    pairs: list[tuple[Press, Press]], days: dict[int, str | None], note: Why | None
) -> Paired:
    sessions, doubts = [], []
    for came, left in pairs:
        known = came.at_ms is not None and left.at_ms is not None
        status: Status = "complete"
        why, run = note, None
        if not known:
            status, why = in_doubt((came, left), Why.NO_TIME)
            run = came
        sessions.append(
            Session(
                came=came.came,
                left=left,
                date=date_of(came, left, days),
                status=status,
                seconds=seconds_between(came.came_ms, left.place_ms) if known else None,
                break_seconds=0 if known else None,
                why=why,
                run=run,
            )
        )
        if run is not None and why is not None:
            date = date_of(came, left, days)
            doubts.append(
                Doubt(date=date, why=why, status=status, presses=[came, left], readings=[])
            )
    return Paired(sessions, doubts)
