"""Was a gate able to record from t1 to t2? From the entries of its ledgers alone. Pure.

Only what is certain is said: *yes* where every press would have been recorded, *no* where none
could be, *unknown* everywhere else. An absence may be judged where the answer is yes, and nowhere
else. A gate notices that nobody looked at its glass after 20 seconds, so shorter pauses are left
out.
"""

from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from ..contract.chain import Reading
from ..contract.facts import Method
from ..contract.kinds import RECORDING, STOPPED, TOUCHES
from ..contract.stamps import Stamp, parse_time
from ..contract.true_times import Bounds, Landmark, Timeline, disproves, own_bounds, turns

DRIFT_PPM = 500
"""What a gate's ``[clock] drift_ppm`` is unless it is set."""

_MARGIN_MS = 120_000
"""A sensor that has gone is noticed, and said to have gone, well within this."""

_LONGEST_SILENCE_MS = 3_600_000 + 300_000
"""``gate.alive`` comes every hour: one that is missing could not be written."""

_RECOVERS_MS = 15_000
"""A fault of the sensor that was told to a worker is over after this, or said to last."""

_LIFE = TOUCHES | RECORDING
"""What only a running daemon writes, and one that starts writes none of the touches first. The rest
proves nothing: a command may have written it."""

_NOBODY = {"stopping", "foreign", "database-older", "sensor-older", "templates-differ", "away"}
"""After these nobody is credited until ``recording.resumed``."""

_SINCE_WHEN = {"sensor-fault", "stopping", "away"}
"""Until shortly before these, presses were recorded; before all others nobody knows since when."""


class Cover(StrEnum):
    """Whether a press would have been recorded."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Span(Struct, frozen=True):
    """From ``begin_ms`` to ``end_ms``, in milliseconds since 1970."""

    begin_ms: int
    end_ms: int
    cover: Cover


class Sign(Struct, frozen=True, kw_only=True):
    """What an entry says about recording."""

    seq: int
    kind: str
    stamp: Stamp
    reason: str | None
    recording: bool | None
    by_finger: bool = True
    """Of what somebody has brought about: whether it took the sensor."""
    hardware_clock_held: bool | None = None


class SignsOfLife:
    """The signs of life in one ledger, from ``entries`` and those that are added later.

    They are read once and in order. Memory grows with the boots and the interruptions of a gate,
    not with its entries. ``drift_ppm`` is the gate's.
    """

    def __init__(self, entries: Iterable[Sign | None] = (), *, drift_ppm: int = DRIFT_PPM) -> None:
        self._drift_ppm = drift_ppm
        self._landmarks: list[Landmark] = []
        self._certain: list[_Run | _Off] = []
        self._first: Sign | None = None
        self._last: Sign | None = None
        self._first_is_first = self._last_is_last = True
        self._sign: Sign | None = None
        self._hole = False
        self._off: Stamp | None = None  # Since then nobody was recorded.
        self._run: _Run | None = None
        for entry in entries:
            self.add(entry)

    def add(self, entry: Sign | None) -> None:
        """The next entry that is held, in order of seq; None: one that cannot be read.

        What is missing before it, or cannot be read, is a hole: nobody knows what it said.
        """
        if entry is None:
            self._last_is_last = False
            self._first_is_first = self._first_is_first and self._first is not None
            return
        before, self._last, self._last_is_last = self._last, entry, True
        self._first = self._first or entry
        self._note(before, entry)
        self._hole = self._hole or (before is not None and entry.seq != before.seq + 1)
        if entry.kind in _LIFE:
            self._live(entry)
            self._hole = False

    def _note(self, before: Sign | None, entry: Sign) -> None:
        """Keep the stamps on which times rest."""
        turned = turns(before.stamp if before else None, entry.stamp, self._drift_ppm)
        if not turned and entry.hardware_clock_held is None:
            return
        if before is not None and self._landmarks[-1].seq != before.seq:
            self._landmarks.append(Landmark(before.seq, before.stamp))
        self._landmarks.append(Landmark(entry.seq, entry.stamp, entry.hardware_clock_held))

    def _live(self, now: Sign) -> None:
        before, self._sign = self._sign, now
        if before is not None and (self._hole or _may_have_been_gone(before, now)):
            self._run = None
        if self._hole:
            self._off = None
        if now.kind == "recording.resumed":
            if self._off is not None:
                self._certain.append(_Off(self._off, now.stamp))
            self._off = None
            self._begin(now)
        elif self._run is not None:
            self._run.alive = now.stamp
            if now.kind in TOUCHES and now.by_finger and not _sensor_failed(now):
                self._run.touched = now.stamp
        if now.kind == STOPPED:
            self._run = None
            self._off = now.stamp if now.reason in _NOBODY else None
        elif _sensor_failed(now) and self._run is not None:
            self._begin(now, later_ms=_RECOVERS_MS)

    def _begin(self, at: Sign, later_ms: int = 0) -> None:
        self._run = _Run(at.stamp, later_ms)
        self._certain.append(self._run)

    def certain(self) -> list[Span]:
        """What is certain of what was added so far; two of the spans may overlap."""
        timeline = self._timeline()
        spans = [
            _no(one, timeline) if isinstance(one, _Off) else _yes(one, timeline)
            for one in self._certain
        ]
        return [span for span in spans if span is not None]

    def extent(self) -> tuple[int, int] | None:
        """The earliest and latest moment at which the ledger may have been written, as far as its
        entries are held; None: not known."""
        if self._first is None or self._last is None:
            return None
        if not (self._first_is_first and self._last_is_last):
            return None
        timeline = self._timeline()
        low = _when(self._first.stamp, timeline).low
        high = _when(self._last.stamp, timeline).high
        return None if low is None or high is None else (low, high)

    def _timeline(self) -> Timeline:
        last = [] if self._last is None else [Landmark(self._last.seq, self._last.stamp)]
        if self._landmarks and self._last and self._landmarks[-1].seq == self._last.seq:
            last = []
        return Timeline([*self._landmarks, *last], self._drift_ppm)


def coverage(ledgers: list[SignsOfLife], begin_ms: int, end_ms: int) -> list[Span]:
    """The spans of a gate between two moments, without gaps and overlaps, from all its ledgers."""
    spans = [_laid_out(ledger.certain(), begin_ms, end_ms) for ledger in ledgers]
    # A ledger of which nobody knows when it was written may have been at any time.
    extents = [ledger.extent() or (begin_ms, end_ms) for ledger in ledgers]
    return together(spans, extents) or [Span(begin_ms, end_ms, Cover.UNKNOWN)]


def covered(ledgers: list[SignsOfLife]) -> list[Span]:
    """All the spans in which every press would have been recorded, in their order."""
    edges = [
        edge for one in ledgers for span in one.certain() for edge in (span.begin_ms, span.end_ms)
    ]
    if not edges:
        return []
    whole = coverage(ledgers, min(edges), max(edges))
    return [span for span in whole if span.cover is Cover.YES]


def together(ledgers: list[list[Span]], extents: list[tuple[int, int]]) -> list[Span]:
    """The spans of a gate that had several ledgers: where two were written at a time, nobody knows.

    ``ledgers`` cover the same time; ``extents`` are the first and last moment of each.
    """
    cuts = sorted(
        {edge for spans in ledgers for span in spans for edge in (span.begin_ms, span.end_ms)}
        | {edge for extent in extents for edge in extent}
    )
    whole = [span for spans in ledgers for span in spans]
    if not whole:
        return []
    begin, end = min(s.begin_ms for s in whole), max(s.end_ms for s in whole)
    cuts = [cut for cut in cuts if begin <= cut <= end]
    found = []
    for first, last in pairwise(cuts):
        at_work = [i for i, (low, high) in enumerate(extents) if low < last and first < high]
        cover = _cover_at(ledgers[at_work[0]], first) if len(at_work) == 1 else Cover.UNKNOWN
        found.append(Span(first, last, cover))
    return _merged(found)


def sign_of(data: dict[str, Any]) -> Sign | None:
    """What an entry's ``data`` says; None where it cannot be read, whatever it holds."""
    try:
        parsed = msgspec.convert(data, _SignData)
        clock = parsed.clock
        stamp = Stamp(
            boot=clock.boot,
            boottime_ms=clock.boottime_ms,
            wall_ms=parse_time(clock.wall),
            state=clock.state,
            uncertainty_ms=clock.uncertainty_ms,
        )
    except (ValueError, OverflowError):
        return None
    if stamp.boottime_ms < 0 or (stamp.uncertainty_ms or 0) < 0:
        return None
    return Sign(
        seq=parsed.seq,
        kind=parsed.kind,
        stamp=stamp,
        reason=parsed.reason,
        recording=parsed.recording,
        by_finger=parsed.method == Method.FINGER,
        hardware_clock_held=_HELD.get(parsed.hardware_clock or ""),
    )


class _SignData(Struct):
    seq: int
    kind: str
    clock: Reading
    reason: str | None = None
    recording: bool | None = None
    method: Any = Method.FINGER
    hardware_clock: str | None = None


_HELD = {"held": True, "lost": False}


class _Run(Struct):
    """A run of signs of life: ``later_ms`` after ``began`` every press was recorded."""

    began: Stamp
    later_ms: int = 0
    touched: Stamp | None = None
    alive: Stamp | None = None


class _Off(Struct):
    """Nobody was recorded from ``since`` to ``resumed``."""

    since: Stamp
    resumed: Stamp


def _sensor_failed(entry: Sign) -> bool:
    return entry.kind == "attempt.refused" and entry.reason == "sensor-fault"


def _may_have_been_gone(before: Sign, now: Sign) -> bool:
    """Whether the daemon may have been gone, or its database not usable, before ``now``.

    A daemon that starts writes ``recording.resumed``, or that it cannot record.
    """
    silence = now.stamp.boottime_ms - before.stamp.boottime_ms
    if before.stamp.boot != now.stamp.boot or silence > _LONGEST_SILENCE_MS:
        return True
    if now.kind == STOPPED:
        return now.reason not in _SINCE_WHEN
    return now.kind == "gate.alive" and not now.recording


def _yes(run: _Run, timeline: Timeline) -> Span | None:
    """A daemon that lives may not have noticed yet that its sensor does not: a touch tells."""
    high = _when(run.began, timeline).high
    if high is None:
        return None
    began = high + run.later_ms
    touched = None if run.touched is None else _when(run.touched, timeline).low
    alive = None if run.alive is None else _when(run.alive, timeline).low
    ended = max(
        began if touched is None else touched, began if alive is None else alive - _MARGIN_MS
    )
    return Span(began, ended, Cover.YES) if began < ended else None


def _no(off: _Off, timeline: Timeline) -> Span | None:
    low, high = _when(off.since, timeline).high, _when(off.resumed, timeline).low
    if low is None or high is None or low >= high:
        return None
    return Span(low, high, Cover.NO)


def _when(stamp: Stamp, timeline: Timeline) -> Bounds:
    """When a stamp was made: what it says itself, unless that has proved wrong."""
    own, placed = own_bounds(stamp), timeline.place(stamp)
    return placed if own is None or disproves(placed, own, later=False) else own


def _laid_out(spans: list[Span], begin_ms: int, end_ms: int) -> list[Span]:
    """The spans within the window, and unknown where nothing is said, or things that differ."""
    edges = {begin_ms, end_ms}
    for span in spans:
        edges |= {e for e in (span.begin_ms, span.end_ms) if begin_ms < e < end_ms}
    open_: dict[Cover, int] = {Cover.YES: 0, Cover.NO: 0}
    changes: dict[int, list[tuple[Cover, int]]] = {}
    for span in spans:
        if span.end_ms > begin_ms and span.begin_ms < end_ms:
            changes.setdefault(max(span.begin_ms, begin_ms), []).append((span.cover, 1))
            changes.setdefault(min(span.end_ms, end_ms), []).append((span.cover, -1))
    found = []
    for first, last in pairwise(sorted(edges)):
        for cover, by in changes.get(first, ()):
            open_[cover] += by
        certain = [cover for cover, count in open_.items() if count]
        found.append(Span(first, last, certain[0] if len(certain) == 1 else Cover.UNKNOWN))
    return _merged(found)


def _cover_at(spans: list[Span], ms: int) -> Cover:
    return next((s.cover for s in spans if s.begin_ms <= ms < s.end_ms), Cover.UNKNOWN)


def _merged(spans: list[Span]) -> list[Span]:
    found: list[Span] = []
    for span in spans:
        if found and found[-1].cover is span.cover and found[-1].end_ms == span.begin_ms:
            found[-1] = Span(found[-1].begin_ms, span.end_ms, span.cover)
        else:
            found.append(span)
    return found
