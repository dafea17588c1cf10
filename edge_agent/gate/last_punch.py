"""A worker's last punch: one answer for the gate that runs, its start and the next ledger, whatever
was pressed, added and withdrawn. Pure: the entries and the moment are passed in.
"""

from collections.abc import Iterable, Iterator
from math import inf
from typing import Any

from msgspec import Struct, structs

from ..contract.chain import stamp_of, told
from ..contract.facts import Direction
from ..contract.kinds import AMENDMENTS, CREDITS, RECORDED
from ..contract.stamps import Elapsed, Stamp, elapsed, parse_time


class LastPunch(Struct, frozen=True):
    """A worker's most recent punch on this ledger: a press, or what a supervisor has added.

    ``stamp`` is that of the press, where it was recorded again by a later ledger too; ``said_ms``
    is None then. Of what was added, ``stamp`` is the moment at which it was, and ``said_ms`` when
    the punch was, by the supervisor's word. ``weighed``: it is the last one by the times that are
    known of it and of another. ``read``, where the entries since tell of more than the stamps do:
    when they were read, and how many milliseconds had passed by then at least.
    """

    seq: int
    stamp: Stamp
    direction: Direction | None
    said_ms: int | None = None
    weighed: bool = False
    read: tuple[Stamp, float] | None = None

    def ago(self, now: Stamp) -> Elapsed:
        """How long ago it was. It is added afterwards: at least as long as its entry is there."""
        written = elapsed(self.stamp, now)
        if self.read is not None:
            at, passed_ms = self.read
            least = max(written.least, passed_ms + elapsed(at, now).least)
            written = Elapsed(least, max(written.most, least))
        if self.said_ms is None:
            return written
        if not now.trusted:
            return Elapsed(written.least, inf)
        passed, slack = now.wall_ms - self.said_ms, now.uncertainty_ms or 0
        return Elapsed(max(written.least, passed - slack), max(written.least, passed + slack))


class Recalled(Struct, frozen=True):
    """A punch that counts, and the bounds of its time, in milliseconds since 1970.

    ``time_said_by`` is the entry that gave the bounds, and ``way_said_by`` that which gave the
    direction, where they are not the punch's own.
    """

    worker: str
    punch: LastPunch
    low: float
    high: float
    time_said_by: int | None
    way_said_by: int | None = None


def recall(
    newest_first: Iterable[dict[str, Any]], now: Stamp, horizon_ms: float
) -> Iterator[Recalled]:
    """All punches that count and may be younger than ``horizon_ms``, the last written one first.

    What was added within it is among them, however old a supervisor says that it is.

    ``newest_first`` is the ``data`` of a ledger's entries, the last one first; some may be missing.
    """
    voided: set[int] = set()
    times: dict[int, dict[str, Any]] = {}
    ways: dict[int, dict[str, Any]] = {}
    later, passed_ms = now, 0.0
    for data in newest_first:
        stamp = stamp_of(data)
        # From entry to entry as well: a boot that does not know the time yet cannot tell how long
        # ago the last one was, but that one's own entries tell how far they lie apart.
        passed_ms += max(0.0, elapsed(stamp, later).least)
        if max(passed_ms, elapsed(stamp, now).least) > horizon_ms:
            break
        later = stamp
        kind, seq = data["kind"], data["seq"]
        if AMENDMENTS.get(kind) == "void":
            voided.add(data["of"])
        elif AMENDMENTS.get(kind) == "time":
            times.setdefault(data["of"], data)
        elif AMENDMENTS.get(kind) == "direction":
            ways.setdefault(data["of"], data)
        elif kind in CREDITS and seq not in voided:
            punch = _as_told(data, ways.get(seq))
            if passed_ms > elapsed(punch.stamp, now).least:
                punch = structs.replace(punch, read=(now, passed_ms))
            # Of what was added, when it was written: a later ledger has it in an entry of its own.
            written = punch if punch.said_ms is None else structs.replace(punch, said_ms=None)
            if written.ago(now).least <= horizon_ms:
                said = times.get(seq)
                low, high = _when(punch, said or told(data), amended=said is not None)
                by = None if said is None else said["seq"]
                way_by = ways[seq]["seq"] if seq in ways else None
                yield Recalled(data["worker"], punch, low, high, by, way_by)


def last_punches(
    newest_first: Iterable[dict[str, Any]], now: Stamp, horizon_ms: float
) -> dict[str, LastPunch]:
    """Each worker's last punch that counts and may be younger than ``horizon_ms``, by code.

    The order of the ledger is that of the presses, and whatever was added came before every press
    that stands behind it. What was added after a press is weighed against it by its time; where
    that is not known well enough, the press stands and which way it led is not known any more.
    """
    found: dict[str, LastPunch] = {}
    added: dict[str, Recalled] = {}
    for one in recall(newest_first, now, horizon_ms):
        if one.worker in found:
            continue
        latest = added.get(one.worker)
        if one.punch.said_ms is not None:
            if latest is None:
                added[one.worker] = one
            else:
                later = one if one.low > latest.low else latest
                punch = structs.replace(later.punch, weighed=True)
                added[one.worker] = structs.replace(later, punch=punch)
        elif latest is None:
            found[one.worker] = one.punch
        else:
            found[one.worker] = _later(one, latest)
    last = {code: one.punch for code, one in added.items()} | found
    return {code: punch for code, punch in last.items() if punch.ago(now).least <= horizon_ms}


def _as_told(data: dict[str, Any], way: dict[str, Any] | None) -> LastPunch:
    punch = told(data)
    said_ms = None if punch["kind"] == RECORDED else parse_time(punch["at"])
    said = (way or punch)["direction"]
    direction = Direction(said) if said else None
    return LastPunch(data["seq"], stamp_of(punch), direction, said_ms)


def _when(punch: LastPunch, says: dict[str, Any], *, amended: bool) -> tuple[float, float]:
    """Between which moments a punch was, by the entry that ``says`` so."""
    if says["at"] is not None:
        at_ms = parse_time(says["at"])
        around = (says["uncertainty_ms"] if amended else punch.stamp.uncertainty_ms) or 0
        return (at_ms, at_ms) if punch.said_ms is not None else (at_ms - around, at_ms + around)
    low, high = says.get("not_before"), says.get("not_after")
    return -inf if low is None else parse_time(low), inf if high is None else parse_time(high)


def _later(press: Recalled, added: Recalled) -> LastPunch:
    """The later one of a press and of what was added after it."""
    if added.low > press.high:
        return structs.replace(added.punch, weighed=True)
    known = added.low <= press.low or press.punch.direction is added.punch.direction
    direction = press.punch.direction if known else None
    return structs.replace(press.punch, direction=direction, weighed=True)
