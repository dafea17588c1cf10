"""A worker's presses as sessions: by evidence, by shifts, and never by guessing. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from ...contract.attendance import SHIFT_MS, WorkingDay
from ...contract.stamps import local_date
from .planned import read_planned
from .presses import Press, in_order
from .sessions import Paired, Session, Why
from .shifts import ZONE, Instance
from .unplanned import read_unplanned


def pair(presses: Iterable[Press], shifts: Sequence[Instance] = ()) -> Paired:
    """What one worker's presses come to. ``shifts`` are theirs, day by day (``instances``)."""
    ordered = in_order(presses)
    found = read_planned(ordered, shifts) if shifts else read_unplanned(ordered)
    return Paired(_dated(found.sessions), found.doubts)


def _dated(sessions: Iterable[Session]) -> list[Session]:
    """With the working day of what is complete and of no shift.

    A press that is in doubt begins none. Where it, or one that is missing before it, may have begun
    the session's, on another date, the session is in the same doubt: nobody is paid for a day on
    which they may not have worked.
    """
    day = WorkingDay()
    dates: dict[int, str | None] = {}
    doubtful: list[Session] = []
    found: list[Session] = []
    for session in sessions:
        came, left = session.came, session.left
        if session.status == "complete" and came is not None and left is not None:
            dates.setdefault(came.place_ms, came.day)
            began_ms = day.began(came.place_ms, counts=False)
            date = dates[began_ms]
            doubtful = [one for one in doubtful if left.place_ms - _last(one) < SHIFT_MS]
            elsewhere = next(
                (
                    one
                    for one in doubtful
                    if session.shift is None
                    and any(other != date for other in _days(one, left, began_ms))
                ),
                None,
            )
            if elsewhere is None:
                for press in (came, left):
                    dates.setdefault(press.place_ms, press.day)
                    day.began(press.place_ms)
                session = session if session.shift else replace(session, date=date)
            else:
                session = replace(
                    session,
                    date=date,
                    status="manual",
                    seconds=None,
                    break_seconds=None,
                    why=Why.MISSING,
                    run=elsewhere.run,
                )
        if session.status != "complete":
            doubtful.append(session)
        found.append(session)
    return found


def _last(session: Session) -> int:
    return (session.left or session.lead).place_ms


def _days(doubtful: Session, left: Press, began_ms: int) -> Iterator[str]:
    """The dates on which a working day may have begun with this doubt that lasted until ``left``.

    Only before ``began_ms``: what comes later begins none.
    """
    first = doubtful.came
    latest_ms = doubtful.lead.place_ms
    if first is not None and first.at_ms is not None:
        earliest_ms = latest_ms
    else:
        latest_ms = _last(doubtful)
        earliest_ms = latest_ms - SHIFT_MS
        if first is not None and first.low_ms is not None:
            earliest_ms = max(earliest_ms, first.low_ms)
        if doubtful.since_ms is not None:
            earliest_ms = max(earliest_ms, doubtful.since_ms)
    earliest_ms = max(earliest_ms, left.place_ms - SHIFT_MS)
    if earliest_ms <= latest_ms and latest_ms < began_ms:
        yield local_date(earliest_ms, ZONE)
        yield local_date(latest_ms, ZONE)
