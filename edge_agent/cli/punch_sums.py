"""How many punches each worker of a list has, and on which days one may be forgotten."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ..contract.attendance import SHIFT_MS, Attendance
from ..contract.kinds import CREDITS
from ..contract.language import Message
from ..contract.stamps import parse_time
from .show import who


def sums(
    listed: Iterable[dict[str, Any]], known: Iterable[Attendance], now_ms: int
) -> Iterator[Message]:
    """A line for each worker who has been ``listed``; where many have, on one day alone, only for
    whoever has an odd number of punches. Those ``known`` are counted, for a shift may begin before
    the list does.

    A shift whose last punch is less than 14 hours ago may go on, and is odd for nobody.
    """
    counted = [one for one in known if one.kind in CREDITS and one.voided is None]
    counts = Counter((one.worker, one.working_day) for one in counted)
    goes_on = {
        (one.worker, one.working_day)
        for one in counted
        if one.at and 0 <= now_ms - parse_time(one.at) < SHIFT_MS
    }
    names: dict[str, str] = {}
    days: dict[str, Counter[str | None]] = {}
    for punch in listed:
        worker = punch["worker"]
        names[worker] = punch["name"] or names.get(worker, "")
        if punch["kind"] in CREDITS and punch["voided"] is None:
            days.setdefault(worker, Counter())[punch["working_day"]] += 1
    briefly = len(days) > 1 and len({day for own in days.values() for day in own}) < 2
    for worker, own in sorted(days.items()):
        dated = sorted(day for day in own if day is not None)
        odd = [day for day in dated if counts[worker, day] % 2 and (worker, day) not in goes_on]
        if not dated or (briefly and not odd):
            continue
        told = {
            "whose": who(worker, names if names[worker] else {}),
            "punches": Message("punch.sum-punches", count=own.total()),
            "days": Message("punch.sum-days", count=len(dated)),
        }
        if not odd:
            yield Message("punch.sum", **told)
        else:
            on = [Message("punch.at-day", at=day) for day in odd]
            yield Message("punch.sum-odd", count=len(odd), on=on, **told)
