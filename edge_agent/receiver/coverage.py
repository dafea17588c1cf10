"""Was this gate able to record from t1 to t2? From the entries of its ledgers alone. Pure.

Only what is certain is said: *yes* where every press would have been recorded, *no* where none
could be, *unknown* everywhere else. An absence may be judged where the answer is yes, and nowhere
else. A gate notices that nobody looked at its glass after 20 seconds, so shorter ones are not told.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import pairwise
from typing import Any

from msgspec import Struct

from edge_agent.domain.chain import stamp_of
from edge_agent.domain.stamps import Stamp
from edge_agent.domain.true_times import Bounds, Landmark, Timeline, overlap, own_bounds, turns

DRIFT_PPM = 500
"""What a gate's ``[clock] drift_ppm`` is unless it is set."""

_MARGIN_MS = 120_000
"""A sensor that has gone is noticed, and said to have gone, well within this."""

_LONGEST_SILENCE_MS = 3_600_000 + 300_000
"""``gate.alive`` comes every hour: one that is missing could not be written."""

_RECOVERS_MS = 15_000
"""A fault of the sensor that was told to a worker is over after this, or said to last."""

_LIFE = {
    *("punch.recorded", "punch.repeated", "attempt.refused"),
    *("gate.alive", "recording.stopped", "recording.resumed"),
}
"""What only a running daemon writes, and one that starts writes no other than one of the last
three first. The rest proves nothing: a command may have written it."""

_TOUCHES = {"punch.recorded", "punch.repeated", "attempt.refused"}
"""What only a sensor that works can bring about, but for its own faults."""

_NOBODY = {"stopping", "foreign", "database-older", "sensor-older", "away"}
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


class Seen(Struct, frozen=True, kw_only=True):
    """What an entry says about recording."""

    seq: int
    kind: str
    stamp: Stamp
    reason: str | None
    recording: bool | None


def seen(data: dict[str, Any]) -> Seen:
    """What an entry's ``data`` says."""
    return Seen(
        seq=data["seq"],
        kind=data["kind"],
        stamp=stamp_of(data),
        reason=data.get("reason"),
        recording=data.get("recording"),
    )


def coverage(
    entries: Callable[[], Iterable[Seen]], begin_ms: int, end_ms: int, drift_ppm: int = DRIFT_PPM
) -> list[Span]:
    """The spans of one ledger between two moments, without gaps and overlaps.

    ``entries`` gives all entries that are held, in order of seq, and is asked twice; what is
    missing among them makes unknown. ``drift_ppm`` is the gate's.
    """
    timeline = Timeline(_landmarks(entries(), drift_ppm), drift_ppm)
    told = list(_told(_lives(entries()), timeline))
    return _laid_out(told, begin_ms, end_ms)


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
    told = []
    for first, last in pairwise(cuts):
        at_work = [i for i, (low, high) in enumerate(extents) if low < last and first < high]
        cover = _cover_at(ledgers[at_work[0]], first) if len(at_work) == 1 else Cover.UNKNOWN
        told.append(Span(first, last, cover))
    return _merged(told)


def extent(
    entries: Callable[[], Iterable[Seen]], drift_ppm: int = DRIFT_PPM
) -> tuple[int, int] | None:
    """The earliest and latest moment at which a ledger may have been written; None: not known."""
    timeline = Timeline(_landmarks(entries(), drift_ppm), drift_ppm)
    first = last = None
    for entry in entries():
        first = first or entry
        last = entry
    if first is None or last is None:
        return None
    low, high = _when(first.stamp, timeline).low, _when(last.stamp, timeline).high
    return None if low is None or high is None else (low, high)


def _landmarks(entries: Iterable[Seen], drift_ppm: int) -> Iterator[Landmark]:
    before: Seen | None = None
    given = 0
    for entry in entries:
        if turns(before.stamp if before else None, entry.stamp, drift_ppm):
            if before is not None and given != before.seq:
                yield Landmark(before.seq, before.stamp)
            yield Landmark(entry.seq, entry.stamp)
            given = entry.seq
        before = entry
    if before is not None and given != before.seq:
        yield Landmark(before.seq, before.stamp)


def _lives(entries: Iterable[Seen]) -> Iterator[tuple[Seen, bool]]:
    """The entries that prove a running daemon, and whether any is missing before each."""
    expected: int | None = None
    hole = False
    for entry in entries:
        hole = hole or (expected is not None and entry.seq != expected)
        expected = entry.seq + 1
        if entry.kind in _LIFE:
            yield entry, hole
            hole = False


class _Run:
    """A run of signs of life, from one on after which every press was recorded."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._began: int | None = None
        self._touched: int | None = None
        self._alive: int | None = None

    def begin(self, at: Seen, later_ms: int = 0) -> None:
        high = _when(at.stamp, self._timeline).high
        self._began = self._touched = self._alive = None if high is None else high + later_ms

    def goes_on(self, at: Seen) -> None:
        if self._began is None:
            return
        self._alive = _when(at.stamp, self._timeline).low
        if at.kind in _TOUCHES and not _sensor_failed(at):
            self._touched = self._alive

    def end(self) -> Iterator[Span]:
        """A daemon that lives may not have noticed yet that its sensor does not: a touch tells."""
        began, touched, alive = self._began, self._touched, self._alive
        self._began = None
        if began is None:
            return
        ended = max(
            began if touched is None else touched,
            began if alive is None else alive - _MARGIN_MS,
        )
        if began < ended:
            yield Span(began, ended, Cover.YES)

    @property
    def is_on(self) -> bool:
        return self._began is not None


def _told(lives: Iterator[tuple[Seen, bool]], timeline: Timeline) -> Iterator[Span]:
    """What is certain, from one sign of life to the next."""
    before: Seen | None = None
    off: Seen | None = None  # Since then nobody was recorded.
    run = _Run(timeline)
    for now, hole in lives:
        if before is not None and (hole or _may_have_been_gone(before, now)):
            yield from run.end()
        if hole:
            off = None
        if now.kind == "recording.resumed":
            yield from run.end()
            yield from _no(off, now, timeline)
            off = None
            run.begin(now)
        else:
            run.goes_on(now)
        if now.kind == "recording.stopped":
            yield from run.end()
            off = now if now.reason in _NOBODY else None
        elif _sensor_failed(now) and run.is_on:
            yield from run.end()
            run.begin(now, later_ms=_RECOVERS_MS)
        before = now
    yield from run.end()


def _sensor_failed(entry: Seen) -> bool:
    return entry.kind == "attempt.refused" and entry.reason == "sensor-fault"


def _may_have_been_gone(before: Seen, now: Seen) -> bool:
    """Whether the daemon may have been gone, or its database not usable, before ``now``.

    A daemon that starts writes ``recording.resumed``, or that it cannot record.
    """
    silence = now.stamp.boottime_ms - before.stamp.boottime_ms
    if before.stamp.boot != now.stamp.boot or silence > _LONGEST_SILENCE_MS:
        return True
    if now.kind == "recording.stopped":
        return now.reason not in _SINCE_WHEN
    return now.kind == "gate.alive" and not now.recording


def _no(off: Seen | None, resumed: Seen, timeline: Timeline) -> Iterator[Span]:
    """Nobody was recorded from ``off`` on."""
    if off is None:
        return
    low, high = _when(off.stamp, timeline).high, _when(resumed.stamp, timeline).low
    if low is not None and high is not None and low < high:
        yield Span(low, high, Cover.NO)


def _when(stamp: Stamp, timeline: Timeline) -> Bounds:
    """When a stamp was made: what it says itself, unless that has proved wrong."""
    own, placed = own_bounds(stamp), timeline.place(stamp)
    return own if own is not None and overlap(own, placed) else placed


def _laid_out(told: list[Span], begin_ms: int, end_ms: int) -> list[Span]:
    """The spans within the window, and unknown where nothing is said, or things that differ."""
    edges = {begin_ms, end_ms}
    for span in told:
        edges |= {e for e in (span.begin_ms, span.end_ms) if begin_ms < e < end_ms}
    open_: dict[Cover, int] = {Cover.YES: 0, Cover.NO: 0}
    changes: dict[int, list[tuple[Cover, int]]] = {}
    for span in told:
        if span.end_ms > begin_ms and span.begin_ms < end_ms:
            changes.setdefault(max(span.begin_ms, begin_ms), []).append((span.cover, 1))
            changes.setdefault(min(span.end_ms, end_ms), []).append((span.cover, -1))
    found = []
    for first, last in pairwise(sorted(edges)):
        for cover, by in changes.get(first, ()):
            open_[cover] += by
        said = [cover for cover, count in open_.items() if count]
        found.append(Span(first, last, said[0] if len(said) == 1 else Cover.UNKNOWN))
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
