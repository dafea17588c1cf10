"""What ``edge-agent watch`` has missed, from the gate's ledger: who pressed, who was refused, and
when the gate could not see whether anybody did.

The ledger does not keep whether the line was down, which yellow beside the green tells.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from ..contract.attendance import attendance
from ..contract.chain import stamp_of
from ..contract.chain import told as original
from ..contract.facts import ClockStepped
from ..contract.kinds import ADDED, RECORDING, TOUCHES, kind_of, why_stopped
from ..contract.language import is_name, say, visible
from ..contract.people_facts import PrintEnrolled
from ..contract.stamps import Stamp, local_time, parse_time, true_time
from ..gate.ledger.glance import beginning
from ..gate.ledger.store.sqlite_store import SqliteStore
from ..gate.rules import Reason
from ..gate.touch.credit import REFUSED_AS
from .show import who
from .since import entries_since
from .watched import line, sentence
from .worker_words import by_whom, is_to_come, when_of

_MOST = 3000
"""Entries that are looked through since the last one that was told: some days of a gate."""

_NO_TIME = "--:--:--"


class Unseen(Struct, frozen=True):
    """A span in which not every press could be recorded, or none: from entry ``seq`` through entry
    ``through``. ``until`` None: it goes on. ``why`` None: the daemon was cut off, at some moment
    after ``since``.
    """

    seq: int
    since: Stamp
    why: str | None
    until: Stamp | None = None
    through: int | None = None


class _Line(Struct, frozen=True):
    """What is told of entry ``seq``, which was ``at`` a time; None: not known, or not yet.

    ``text`` is without that time. ``stands``: at what time it does, where its entry was written
    later; None: where its entry does.
    """

    seq: int
    at: str | None
    text: str
    stands: str | None = None


def _in_order(lines: Iterable[_Line]) -> list[_Line]:
    """In the order of the ledger; only what ``stands`` at a time goes there, among all lines."""
    placed: list[tuple[float, int, _Line]] = []
    last = 0.0
    for one in sorted((one for one in lines if one.stands is None), key=lambda one: one.seq):
        last = max(last, parse_time(one.at)) if one.at else last
        placed.append((last, one.seq, one))
    placed += [(parse_time(one.stands), one.seq, one) for one in lines if one.stands is not None]
    return [one for _, _, one in sorted(placed, key=lambda one: one[:2])]


_ENROLLED = kind_of(PrintEnrolled)

_STEPPED = kind_of(ClockStepped)
_SET_BACK_MS = -60_000
"""Less than a minute back is seen by nobody."""

_DOUBTS = ("foreign", "database-older", "sensor-older", "templates-differ")
"""Why a sensor is not taken into use: while presses are recorded none of them is the first."""


def unseen(life: Iterable[dict[str, Any]]) -> Iterator[Unseen]:
    """The spans that signs of life tell: the data, in order, of what only a running daemon writes.

    Of what was before the first of them nothing is known.
    """
    off: Unseen | None = None
    alive: Stamp | None = None
    for data in life:
        seq, stamp = data["seq"], stamp_of(data)
        if off is None and alive is not None and _was_cut_off(data):
            off = Unseen(seq, alive, None)
        stopped = why_stopped(data)
        if _started_without_sensor(data) and (off is None or off.why in _GONE):
            stopped = "sensor-fault"
        if off is not None and (_records(data) or stopped not in (None, off.why)):
            yield Unseen(off.seq, off.since, off.why, stamp, seq)
            off = None
        if stopped is not None and off is None:
            off = Unseen(seq, stamp, stopped)
        alive = stamp
    if off is not None:
        yield off


_GONE = (None, "stopping")
"""Why nothing is recorded while there is no daemon."""


def _was_cut_off(data: dict[str, Any]) -> bool:
    """Whether a daemon that was recording just before, and has not said that it stops, was cut off:
    only one that has started since writes this."""
    resumed = data["kind"] == "recording.resumed"
    return resumed or why_stopped(data) in _DOUBTS or _started_without_sensor(data)


def _started_without_sensor(data: dict[str, Any]) -> bool:
    """Or runs on without it, where why has been told."""
    return data["kind"] == "gate.alive" and not data["recording"]


def _records(data: dict[str, Any]) -> bool:
    """Whether it says that presses are recorded."""
    alive = data["kind"] == "gate.alive" and not _started_without_sensor(data)
    return alive or data["kind"] == "recording.resumed"


def _was_for(span: Unseen, meanwhile: Iterable[dict[str, Any]]) -> str | None:
    """Why not everybody was seen in a span, by the name of its words, with what the gate has
    written of it ``meanwhile``: a machine that sleeps writes nothing, and says that it is awake
    right after that it was not. None: one cause or another, or nobody was seen.
    """
    if span.why != "away":
        return None
    within = [data for data in meanwhile if _is_within(span, stamp_of(data))]
    if any(data["kind"] == _ENROLLED for data in within):
        return "enrolled"
    awake = within or span.through != span.seq + 1
    return "asked" if awake else None


def _is_within(span: Unseen, stamp: Stamp) -> bool:
    if stamp.boot != span.since.boot or stamp.boottime_ms <= span.since.boottime_ms:
        return False
    return span.until is None or stamp.boottime_ms < span.until.boottime_ms


class Missed:
    """What a ledger tells since a time, ``since_ms``, or since entry ``last``."""

    def __init__(
        self,
        store: SqliteStore,
        zone: ZoneInfo,
        names: dict[str, str],
        since_ms: int | None,
        last: int,
        before: Path | None,
        now: Stamp,
    ) -> None:
        """``names``: who has which code by now. ``before``: where the ledger before this one is."""
        self._store = store
        self._zone = zone
        self._names = names
        self._since_ms = since_ms
        self._last = last
        self._before = before
        self._now = now
        self.has_no_time = False
        """Whether of a punch that was told the time is not known."""
        self._recovered = store.recovered_through()
        self._began = beginning(store)
        self._first = self._began.at

    def lines(self) -> Iterator[tuple[str | None, str]]:
        """Each line, and the day under which it stands, None where its time is not known. They are
        in the order of the entries, which is that of events; only a punch that was added by hand
        stands at the time that it is said to be of, with when that was written, and a span in
        which nobody was seen where it began: some are noticed once they are over."""
        if self._since_ms is None:
            found = self._store.entries(self._last + 1, _MOST)
            entries = [self._store.data_of(one) for one in found]
        else:
            entries = entries_since(self._store, self._since_ms)
        gaps, sees_all = self._unseen()
        stepped = self._stepped(entries)
        pressed = [*self._punches(entries), *self._refused(entries), *self._directed(entries)]
        begins = [*self._begins()]
        sees_all = sees_all and not begins
        for one in _in_order([*gaps, *stepped, *pressed]):
            if self._is_of_this_ledger(one):
                yield from begins
                begins.clear()
            yield _told(one.at, one.text)
        yield from begins
        if not pressed and self._since_ms is not None:
            none = "watch.none-since" if sees_all and not gaps else "watch.none-seen-since"
            yield None, say(none, since=local_time(self._since_ms, self._zone))

    def _punches(self, entries: list[dict[str, Any]]) -> Iterator[_Line]:
        by_seq = {data["seq"]: data for data in entries}
        punches = attendance(entries, self._zone)
        voided = {punch.seq: punch.voided for punch in punches}
        for punch in punches:
            if punch.seq <= self._last:
                continue
            if self._since_ms and punch.at and parse_time(punch.at) < self._since_ms:
                continue
            told = self._punch(by_seq, by_seq[punch.seq])
            if punch.at is None:
                self.has_no_time = True
                if punch.not_before or punch.not_after:
                    told = say("watch.about", told=told, when=when_of(structs.asdict(punch)))
            elif is_to_come(punch.at, self._now):
                told += f" ({say('punch.note-to-come')})"
            if reason := punch.voided:
                told += f" ({say('punch.note-voided', reason=reason)})"
            elif punch.of is not None and voided.get(punch.of):
                told += f" ({say('punch.note-repeat-voided', of=punch.of)})"
            yield _Line(punch.seq, punch.at, told, punch.at if punch.added else None)

    def _punch(self, by_seq: dict[int, dict[str, Any]], data: dict[str, Any]) -> str:
        """What the panel showed of a punch: its way as it was known then."""
        entry, worker = data, data["worker"]
        data = original(entry)
        if data["kind"] == ADDED:  # No lamp was seen.
            told = {"whose": who(worker, self._names), "by": by_whom(data["actor"])}
            told |= {"made": self._made(entry, data["at"]), "seq": entry["seq"]}
            if way := data["direction"]:
                return line("ledger", say("watch.added-way", way=way, **told))
            return line("ledger", say("watch.added", **told))
        repeat = data["kind"] == "punch.repeated"
        led = by_seq.get(data["seq"] + 1, {}) if repeat else {}
        way = led.get("direction") if _is_of(led, data) else data.get("direction")
        event = {"event": "panel", "worker": worker, "hint": None, "direction": way}
        event |= {"outcome": "repeated" if repeat else "recorded", "offline": None}
        return sentence(event, self._names)

    def _made(self, entry: dict[str, Any], of: str) -> str:
        """When an addition was written, with its day where it is ``of`` another one."""
        return _when(true_time(stamp_of(entry), self._zone), of)

    def _directed(self, entries: list[dict[str, Any]]) -> Iterator[_Line]:
        """By entry, which way a key has said after a punch."""
        before: dict[str, Any] = {}
        for data in entries:
            alone = data["kind"] == "punch.directed" and not _is_of(data, before)
            if alone and self._is_missed(data):
                told = sentence({**data, "event": "directed"}, self._names)
                yield self._line(data["seq"], stamp_of(data), told)
            before = data

    def _stepped(self, entries: list[dict[str, Any]]) -> Iterator[_Line]:
        """By entry, that the clock was set back: the order of events is that of times no longer."""
        for data in entries:
            if data["kind"] == _STEPPED and data["step_ms"] <= _SET_BACK_MS:
                before, after = (
                    local_time(parse_time(data[key]), self._zone) for key in ("before", "after")
                )
                if self._is_missed(data):
                    told = say(
                        "watch.stepped", before=_when(before, after), after=_when(after, before)
                    )
                    yield self._line(data["seq"], stamp_of(data), line("clock", told))

    def _refused(self, entries: list[dict[str, Any]]) -> Iterator[_Line]:
        """By entry, what was told of a refused touch; whose it was, while the gate knows that.

        Why is told of somebody erased too: the entry keeps the reason.
        """
        for data in entries:
            if data["kind"] != "attempt.refused" or not self._is_missed(data):
                continue
            known = self._store.attempts(data["seq"], 1).get(data["seq"])
            why = data["reason"] if is_name(f"refused.{data['reason']}") else None
            event = {"event": "panel", "worker": known and known.worker}
            event |= {"outcome": REFUSED_AS[Reason(data["reason"])], "hint": data["hint"] or why}
            seq, stamp = data["seq"], stamp_of(data)
            if more := data["suppressed"]:
                told = say("watch.refused-more", count=more)
                yield self._line(seq, stamp, line("panel", told))
            yield self._line(seq, stamp, sentence(event, self._names))

    def _unseen(self) -> tuple[list[_Line], bool]:
        """By entry, each span in which the gate could not see who pressed; and whether it is known
        that it could in all the others."""
        written = list[dict[str, Any]]()
        sees = False
        for _, data in self._store.newest_first(TOUCHES | RECORDING | {_ENROLLED}):
            written.append(data)
            if sees := _records(data) and not self._is_missed(data):
                break
        written.reverse()
        life = [data for data in written if data["kind"] != _ENROLLED]
        spans = [one for one in unseen(life) if self._concerns(one)]
        return [self._span(one, _was_for(one, written)) for one in spans], sees

    def _concerns(self, span: Unseen) -> bool:
        if span.until is None or span.through is None:
            return self._since_ms is not None or span.seq > self._last
        return span.through > self._last and self._may_be_since(span.until)

    def _span(self, one: Unseen, was_for: str | None) -> _Line:
        began = true_time(one.since, self._zone)
        ended = None if one.until is None else true_time(one.until, self._zone)
        told = {"since": _when(began, began)}
        if one.until is not None:
            told["until"] = _when(ended, began)
        if one.why is None:
            text = say("watch.cut-off", **told)
        elif was_for is not None:
            why = say(f"unseen.away-{was_for}")
            text = say(
                "watch.unseen-some" if one.until else "watch.unseen-some-still", why=why, **told
            )
        else:
            why = say(f"unseen.{one.why}") if is_name(f"unseen.{one.why}") else visible(one.why)
            text = say("watch.unseen" if one.until else "watch.unseen-still", why=why, **told)
        return _Line(one.seq, began, line("gate", text), began or ended)

    def _line(self, seq: int, stamp: Stamp, text: str) -> _Line:
        return _Line(seq, true_time(stamp, self._zone), text)

    def _is_of_this_ledger(self, one: _Line) -> bool:
        """Whether it was, or is said to have been, since this ledger began."""
        if one.stands is not None:
            return parse_time(one.stands) >= self._first.wall_ms
        return one.seq > self._recovered

    def _begins(self) -> Iterator[tuple[str | None, str]]:
        """That the ledger begins later than what was asked for, and where the rest is."""
        if self._since_ms is None or not self._may_be_since(self._first):
            return
        at = true_time(self._first, self._zone)
        if self._before is not None:
            told = say("watch.ledger-succeeds", file=self._before.name)
        elif self._began.lacks_some(()):  # That one was carried away.
            told = say("watch.ledger-succeeds-gone")
        elif self._first.trusted:
            told = say("watch.ledger-begins", at=_when(at, at))
        else:
            return  # It may be the gate's very first day.
        yield _told(at, line("ledger", told))

    def _is_missed(self, data: dict[str, Any]) -> bool:
        return data["seq"] > self._last and self._may_be_since(stamp_of(data))

    def _may_be_since(self, stamp: Stamp) -> bool:
        """An unknown time may be any."""
        return not self._since_ms or not stamp.trusted or stamp.wall_ms >= self._since_ms


def _told(at: str | None, text: str) -> tuple[str | None, str]:
    """A line, and its day."""
    return (at[:10], f"{at[11:19]}  {text}") if at else (None, f"{_NO_TIME}  {text}")


def _when(at: str | None, beside: str | None) -> str:
    """A time within a line that stands at another one: with its day where that is another."""
    if at is None:
        return say("watch.unknown-time")
    same = beside is not None and at[:10] == beside[:10]
    return at[11:19] if same else say("status.moment", at=at)


def _is_of(led: dict[str, Any], repeat: dict[str, Any]) -> bool:
    """Whether a direction was said by the very touch that repeats a punch."""
    return (
        led.get("kind") == "punch.directed"
        and repeat.get("kind") == "punch.repeated"
        and (led["of"], led["clock"]) == (repeat["of"], repeat["clock"])
    )
