"""What to send next: two watermarks over the ledger and the window in flight. Pure.

There is no queue that could drift from the ledger: an entry is known by its ``seq``, and whatever
is not covered by a watermark is still to be sent. Moments are seconds of one monotonic clock, and
are passed in.
"""

from collections import deque
from math import inf
from typing import NamedTuple

from ...contract.broker.limits import TOO_LARGE

REPEATED = 100
"""So many entries go out again where receipts stand still."""

REFUSED = 0x80
"""MQTT 5, 2.4: reason codes from here on are failures."""

NOBODY_SUBSCRIBED = 0x10
"""MQTT 5, 3.4.2.1: the broker took it and dropped it, for nobody was there to have it."""

UNREADABLE = 0xFF
"""No reason code of MQTT: the entry could not even be read, and waits like one turned down."""

_FIRST_HOLD_S = 5.0
_LONGEST_HOLD_S = 600.0
_LONGEST_RECEIPT_PAUSE_S = 4 * 3600.0
"""A payroll that never answers then costs 600 entries a day: some 16 MB a month at 900 bytes."""

_SLOW_S = 5.0
"""Between two entries where another uses our id: 17,000 a day, many more than workers punch."""

_MOST_RESENDS = 16
_MOST_LEFT_OUT = 1000
_NOTHING = range(0)

FIRST = 100
"""A connection begins with this: 500 entries a second where the round trip takes 200 ms."""

LARGEST = 1000
"""About 1 MB of entries in memory; 30,000 entries a second where the round trip takes 30 ms."""

SMALLEST = 10

_QUICK_S = 1.0
_SLOW_ANSWER_S = 3.0
"""What waits in a slow modem is in nobody's interest: the status waits behind it."""


class Outbox:
    """The ledger's way to payroll.

    ``published``: the broker took 1…this, or payroll has it; ``confirmed``: a receipt covers
    1…this; ``refused``: the reason code with which the broker turns entries down at present;
    ``left_out``: entries that are larger than it takes, and hold up no others.
    """

    def __init__(self, published: int, confirmed: int, receipt_timeout_s: float) -> None:
        self.published = max(published, confirmed)
        self.confirmed = confirmed
        self.refused: int | None = None
        self.slow = False
        """Whether to send one entry at a time, with pauses."""
        self.left_out: set[int] = set()
        self._last_seq = self.published
        self._cursor = self.published + 1
        self._taken: set[int] = set()  # Acknowledged beyond a gap; all above ``published``.
        self._in_flight: dict[int, _Sent] = {}
        self._window = Window()
        self._puback_confirms = False
        self._asked: deque[range] = deque()
        self._overdue = _NOTHING
        self._hold_s = _FIRST_HOLD_S
        self._held_until = -inf
        self._slow_until = -inf
        self._receipt_timeout_s = receipt_timeout_s
        self._receipt_pause_s = receipt_timeout_s
        self._receipt_wait_s = receipt_timeout_s  # What is left of the wait, while disconnected.
        self._receipt_due = inf

    def grown(self, last_seq: int) -> None:
        """The ledger now ends with ``last_seq``."""
        self._last_seq = last_seq

    def connected(self, now: float, receive_maximum: int, puback_confirms: bool = False) -> None:
        """Sending may begin. ``puback_confirms``: the broker's word counts as payroll's."""
        self._window.open(receive_maximum)
        self._puback_confirms = puback_confirms
        if puback_confirms:  # What was published under other rules has to earn its confirmation.
            self.published = self.confirmed
        if self.left_out:  # The broker may take more now.
            self._taken -= self.left_out
            passed = sorted(seq for seq in self.left_out if seq <= self.published)
            self._asked.extendleft(reversed(_joined(passed)))
            self.left_out.clear()
        self._cursor = self.published + 1
        self._receipt_due = now + max(self._receipt_wait_s, self._receipt_timeout_s)

    def disconnected(self, now: float) -> None:
        """Whatever was in flight may be lost."""
        if not self._window.size:
            return
        self._window.close()
        self._receipt_wait_s = self._receipt_due - now
        lost = _joined(sorted(seq for seq, sent in self._in_flight.items() if sent.asked))
        self._asked.extendleft(reversed(lost))
        self._in_flight.clear()
        self._overdue = _NOTHING

    def take(self, now: float, room: int) -> range:
        """The next entries to send now, in order; they count as in flight from here on.

        ``room``: how many more publications the broker takes now, whatever they are.
        First sends come before repeats: punches of today do not wait behind those that payroll
        has seen before.
        """
        careful = self.slow or self.refused is not None
        window = min(self._window.size, 1) if careful else self._window.size
        room = min(room, window - len(self._in_flight))
        if room <= 0 or now < self._held_until or (self.slow and now < self._slow_until):
            return _NOTHING
        self._watch_receipts(now)
        # The horizon bounds what can be acknowledged beyond a gap.
        horizon = min(self._last_seq, self.published + self._window.size)
        run = self._sendable(range(self._cursor, horizon + 1), room)
        asked = False
        if run:
            self._cursor = run.stop
        else:
            run = self._repeat_asked(room)
            asked = bool(run)
        if not run:
            run = self._sendable(self._overdue, room)
            self._overdue = range(run.stop, self._overdue.stop)
        self._in_flight.update(dict.fromkeys(run, _Sent(now, asked)))
        if run:
            self._slow_until = now + _SLOW_S
        return run

    def puback(self, now: float, seq: int, code: int) -> None:
        """The broker answered for ``seq`` with an MQTT 5 reason code (under 3.1.1 always 0)."""
        sent = self._in_flight.pop(seq, None)
        if sent is None:
            return
        self._window.answered(now, sent.at)
        if self._to_be_left_out(code):
            self.left_out.add(seq)
            self._pass(now, seq)
            return
        if code:  # Also where nobody was subscribed: the broker has thrown the entry away.
            self._turned_down(now, seq, code, sent.asked)
            return
        if now >= self._held_until:
            self.refused = None
            self._hold_s = _FIRST_HOLD_S
        self.left_out.discard(seq)
        self._pass(now, seq)

    def receipt(self, now: float, through: int) -> bool:
        """Payroll holds 1…``through``, which the caller has checked. Whether that is progress."""
        if through <= self.confirmed:
            return False
        self._payroll_is_there()
        self.confirmed = through
        self.left_out = {seq for seq in self.left_out if seq > through}
        self._overdue = _NOTHING
        self._receipt_pause_s = self._receipt_wait_s = self._receipt_timeout_s
        self._receipt_due = now + self._receipt_timeout_s
        if through > self.published:
            self.published = through
            self._taken = {seq for seq in self._taken if seq > through}
            self._cursor = max(self._cursor, through + 1)
            self._advance(now)
        return True

    def resend(self, first: int, last: int) -> bool:
        """Payroll asks for ``first``…``last`` again. False where too many such wait already.

        What the broker has not acknowledged yet is still going out anyway.
        """
        self._payroll_is_there()
        if len(self._asked) >= _MOST_RESENDS:
            return False
        self._asked.append(range(first, min(last, self.published) + 1))
        return True

    def _payroll_is_there(self) -> None:
        """End the pause that began when nobody was subscribed: payroll has just spoken."""
        if self.refused == NOBODY_SUBSCRIBED:
            self.refused = None
            self._hold_s = _FIRST_HOLD_S
            self._held_until = -inf

    def _sendable(self, wanted: range, room: int) -> range:
        """The first run in ``wanted`` of at most ``room`` entries that are not on their way."""
        first, end = wanted.start, wanted.stop
        while first < end and self._on_its_way(first):
            first += 1
        stop = first
        while stop < min(end, first + room) and not self._on_its_way(stop):
            stop += 1
        return range(first, stop)

    def _on_its_way(self, seq: int) -> bool:
        return seq in self._in_flight or seq in self._taken

    def _repeat_asked(self, room: int) -> range:
        """The next of what payroll asked for and is not on its way."""
        while self._asked:
            wanted = self._asked.popleft()
            run = self._sendable(wanted, room)
            if run:
                if run.stop < wanted.stop:
                    self._asked.appendleft(range(run.stop, wanted.stop))
                return run
        return _NOTHING

    def _turned_down(self, now: float, seq: int, code: int, asked: bool) -> None:
        """Keep the entry and pause: then one entry at a time tries whether it is taken again."""
        self.refused = code
        if seq > self.published:
            self._cursor = self.published + 1
        elif asked:
            self._asked.appendleft(range(seq, seq + 1))
        if now >= self._held_until:  # One pause for all refusals of a window.
            self._held_until = now + self._hold_s
            self._hold_s = min(2 * self._hold_s, _LONGEST_HOLD_S)

    def _to_be_left_out(self, code: int) -> bool:
        """Whether payroll is to have the others first. Where the broker's word counts as payroll's,
        an entry must not be passed over; where most are too large, nothing is gained by it."""
        many = len(self.left_out) >= _MOST_LEFT_OUT
        return code == TOO_LARGE and not self._puback_confirms and not many

    def _pass(self, now: float, seq: int) -> None:
        """Nothing more is to be done for this entry until payroll asks."""
        if seq > self.published:
            self._taken.add(seq)
            self._advance(now)

    def _advance(self, now: float) -> None:
        """Move ``published`` over what is acknowledged without a gap."""
        if self.published == self.confirmed:  # The first entry to wait for a receipt.
            self._receipt_due = now + self._receipt_pause_s
        while self.published + 1 in self._taken:
            self.published += 1
            self._taken.remove(self.published)
        if self._puback_confirms:
            self.confirmed = self.published

    def _watch_receipts(self, now: float) -> None:
        """Repeat some entries where receipts have stood still for too long, then wait longer."""
        if self.confirmed == self.published or now < self._receipt_due:
            return
        repeated = min(REPEATED, self._window.size)
        if self.confirmed + 1 in self.left_out:  # Receipts stand still because of this one.
            repeated = 1
        self._overdue = range(self.confirmed + 1, self.published + 1)[:repeated]
        self._receipt_pause_s = min(2 * self._receipt_pause_s, _LONGEST_RECEIPT_PAUSE_S)
        self._receipt_due = now + self._receipt_pause_s


class _Sent(NamedTuple):
    """An entry on its way. ``asked``: payroll has asked for it."""

    at: float
    asked: bool


class Window:
    """How many entries may be on their way at once: as many as the line takes, and no more.

    Grows by one with each quick answer, and so doubles in a round trip; halves where answers take
    seconds. Between the two it stays.
    """

    def __init__(self) -> None:
        self.size = 0
        """0: not connected."""
        self._limit = 0
        self._judge_from = -inf

    def open(self, receive_maximum: int) -> None:
        """The broker is there, and takes ``receive_maximum`` at once."""
        self._limit = min(LARGEST, receive_maximum)
        self.size = min(FIRST, self._limit)
        self._judge_from = -inf

    def close(self) -> None:
        """The broker is gone."""
        self.size = 0

    def answered(self, now: float, sent: float) -> None:
        """The broker answered now for what went out at ``sent``."""
        if now - sent <= _QUICK_S:
            self.size = min(self.size + 1, self._limit)
        elif now - sent > _SLOW_ANSWER_S and sent >= self._judge_from:
            # What went out before the last halving tells nothing of what it has brought.
            self.size = max(self.size // 2, min(SMALLEST, self._limit))
            self._judge_from = now


def _joined(seqs: list[int]) -> list[range]:
    """Rising numbers as few ranges."""
    runs: list[range] = []
    for seq in seqs:
        if runs and runs[-1].stop == seq:
            runs[-1] = range(runs[-1].start, seq + 1)
        else:
            runs.append(range(seq, seq + 1))
    return runs
