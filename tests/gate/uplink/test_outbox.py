"""The outbox: a table of short stories, and any interleaving of whatever can happen."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_agent.gate.uplink.outbox import FIRST, LARGEST, REPEATED, SMALLEST, Outbox, Window

ROOM = 65535
TIMEOUT = 30.0
OK, NOBODY, NOT_AUTHORISED = 0x00, 0x10, 0x87

Step = tuple[Any, ...]


def sends(now: float, *expected: int) -> Step:
    return (lambda box: list(box.take(now, ROOM)), list(expected))


def does(name: str, *args: Any) -> Step:
    return (lambda box: (getattr(box, name)(*args), None)[1], None)


def marks(published: int, confirmed: int) -> Step:
    return (lambda box: (box.published, box.confirmed), (published, confirmed))


def taken(now: float, *seqs: int) -> list[Step]:
    return [does("puback", now, seq, OK) for seq in seqs]


STORIES: dict[str, list[Step]] = {
    "in order, a window at a time": [
        does("connected", 0, 3),
        sends(0, 1, 2, 3),
        sends(0),
        *taken(0, 1),
        sends(0, 4),
        *taken(0, 2, 3, 4),
        sends(0, 5, 6),
        *taken(0, 5, 6),
        marks(6, 0),
    ],
    "nothing goes out while disconnected": [
        sends(0),
        does("connected", 0, 3),
        sends(0, 1, 2, 3),
        does("disconnected", 0),
        sends(0),
    ],
    "an acknowledgement beyond a gap does not move published": [
        does("connected", 0, 3),
        sends(0, 1, 2, 3),
        *taken(0, 2, 3),
        marks(0, 0),
        sends(0),
        *taken(0, 1),
        marks(3, 0),
    ],
    "a reconnect goes on at the lowest entry without an acknowledgement": [
        does("connected", 0, 4),
        sends(0, 1, 2, 3, 4),
        *taken(0, 1, 3),
        does("disconnected", 1),
        does("connected", 2, 4),
        sends(2, 2),
        sends(2, 4, 5),
    ],
    "an acknowledgement of an earlier connection means nothing": [
        does("connected", 0, 2),
        sends(0, 1, 2),
        does("disconnected", 0),
        *taken(0, 1, 2),
        marks(0, 0),
    ],
    "what is acknowledged is not repeated at a reconnect": [
        does("connected", 0, 6),
        sends(0, 1, 2, 3, 4, 5, 6),
        *taken(0, 1, 2, 3, 4, 5, 6),
        does("disconnected", 1),
        does("connected", 2, 6),
        sends(2),
    ],
    "receipts stand still: one window again, then growing pauses": [
        does("connected", 0, 2),
        sends(0, 1, 2),
        *taken(0, 1, 2),
        sends(0, 3, 4),
        *taken(0, 3, 4),
        sends(0, 5, 6),
        *taken(0, 5, 6),
        sends(29),
        sends(30, 1, 2),
        *taken(30, 1, 2),
        sends(31),
        sends(89),
        sends(90, 1, 2),
        *taken(90, 1, 2),
        sends(209),
        sends(210, 1, 2),
        does("receipt", 211, 1),
        *taken(211, 1, 2),
        sends(240),
        sends(241, 2, 3),
    ],
    "the pauses grow on through reconnects": [
        does("connected", 0, 6),
        sends(0, 1, 2, 3, 4, 5, 6),
        *taken(0, 1, 2, 3, 4, 5, 6),
        sends(30, 1, 2, 3, 4, 5, 6),
        *taken(30, 1, 2, 3, 4, 5, 6),
        does("disconnected", 31),
        does("connected", 1000, 6),
        sends(1058),
        sends(1059, 1, 2, 3, 4, 5, 6),
    ],
    "progress while disconnected makes the pause short again": [
        does("connected", 0, 6),
        sends(0, 1, 2, 3, 4, 5, 6),
        *taken(0, 1, 2, 3, 4, 5, 6),
        sends(30, 1, 2, 3, 4, 5, 6),
        *taken(30, 1, 2, 3, 4, 5, 6),
        does("disconnected", 31),
        does("receipt", 1000, 4),
        does("connected", 1000, 6),
        sends(1030, 5, 6),
    ],
    "a receipt ahead of the acknowledgements covers them": [
        does("connected", 0, 3),
        sends(0, 1, 2, 3),
        does("receipt", 0, 5),
        marks(5, 5),
        *taken(0, 1, 2, 3),
        sends(0, 6),
    ],
    "a lower receipt moves nothing": [
        does("receipt", 0, 4),
        does("receipt", 0, 2),
        marks(4, 4),
    ],
    "a refusal keeps the entry, pauses, and tries one at a time": [
        does("connected", 0, 3),
        sends(0, 1, 2, 3),
        does("puback", 0, 1, NOT_AUTHORISED),
        does("puback", 0, 2, NOT_AUTHORISED),
        *taken(0, 3),
        marks(0, 0),
        (lambda box: box.refused, NOT_AUTHORISED),
        sends(4.9),
        sends(5, 1),
        does("puback", 5, 1, NOT_AUTHORISED),
        sends(14.9),
        sends(15, 1),
        *taken(15, 1),
        (lambda box: box.refused, None),
        sends(15, 2),
        sends(15, 4),
        *taken(15, 2),
        marks(3, 0),
    ],
    "a refusal lets nothing out while disconnected": [
        does("connected", 0, 3),
        sends(0, 1, 2, 3),
        *taken(0, 1),
        does("puback", 0, 2, NOT_AUTHORISED),
        does("disconnected", 0),
        does("resend", 1, 1),
        sends(100),
    ],
    "what nobody was subscribed to was thrown away: it is kept, and tried again": [
        does("connected", 0, 1),
        sends(0, 1),
        does("puback", 0, 1, NOBODY),
        marks(0, 0),
        sends(4.9),
        sends(5, 1),
        *taken(5, 1),
        marks(1, 0),
    ],
    "payroll that speaks is there: the pause for want of subscribers ends": [
        does("connected", 0, 3),
        sends(0, 1, 2, 3),
        *(does("puback", 0, seq, NOBODY) for seq in (1, 2, 3)),
        sends(0),
        does("resend", 1, 6),
        sends(0, 1, 2, 3),
    ],
    "payroll that speaks does not end another refusal": [
        does("connected", 0, 3),
        sends(0, 1, 2, 3),
        *(does("puback", 0, seq, NOT_AUTHORISED) for seq in (1, 2, 3)),
        does("resend", 1, 6),
        sends(4.9),
    ],
    "confirmed by the broker: 0 counts, nobody there does not": [
        does("connected", 0, 2, True),
        sends(0, 1, 2),
        *taken(0, 1),
        does("puback", 0, 2, NOBODY),
        marks(1, 1),
        sends(5, 2),
        *taken(5, 2),
        marks(2, 2),
    ],
    "a resend waits for first sends and is sent once": [
        does("connected", 0, 3),
        sends(0, 1, 2, 3),
        *taken(0, 1, 2, 3),
        does("resend", 1, 2),
        sends(0, 4, 5, 6),
        *taken(0, 4, 5, 6),
        sends(0, 1, 2),
        *taken(0, 1, 2),
        sends(0),
        marks(6, 0),
    ],
    "a resend that was in flight when the line broke goes out again": [
        does("receipt", 0, 6),
        does("connected", 0, 3),
        does("resend", 2, 6),
        sends(0, 2, 3, 4),
        *taken(0, 3),
        does("disconnected", 0),
        does("connected", 0, 3),
        sends(0, 2),
        sends(0, 4),
        sends(0, 5),
    ],
    "a resend of what was never acknowledged is the first send": [
        does("connected", 0, 3),
        does("resend", 1, 6),
        sends(0, 1, 2, 3),
        *taken(0, 1, 2, 3),
        sends(0, 4, 5, 6),
        *taken(0, 4, 5, 6),
        sends(0),
    ],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_story(story: list[tuple[Callable[[Outbox], Any], Any]]) -> None:
    box = Outbox(0, 0, TIMEOUT)
    box.grown(6)
    for number, (act, expected) in enumerate(story):
        assert act(box) == expected, f"step {number}"


def test_the_window_is_ours_where_the_broker_takes_more() -> None:
    box = Outbox(0, 0, TIMEOUT)
    box.grown(1000)
    box.connected(0, ROOM)
    assert box.take(0, ROOM) == range(1, FIRST + 1)


def drain(round_trip_s: float, rate: float, entries: int, rm: int = ROOM) -> tuple[float, int]:
    """Seconds to drain over a line of this round trip and rate, and the most on its way at once
    once half is through."""
    box = Outbox(0, 0, TIMEOUT)
    box.grown(entries)
    box.connected(0, rm)
    now, free, most = 0.0, 0.0, 0
    answers: list[tuple[float, int]] = []
    while box.published < entries:
        for seq in box.take(now, rm - len(answers)):
            free = max(free, now) + 1 / rate
            answers.append((free + round_trip_s, seq))
        if box.published > entries / 2:
            most = max(most, len(answers))
        now, seq = answers.pop(0)
        box.puback(now, seq, OK)
    return now, most


def test_the_window_grows_where_the_line_is_long() -> None:
    seconds, most = drain(round_trip_s=0.03, rate=1e6, entries=100_000)
    assert most == LARGEST
    assert seconds < 1.1 * 100_000 * 0.03 / LARGEST
    assert drain(round_trip_s=0.03, rate=1e6, entries=1000, rm=20)[1] == 20


def test_a_slow_line_is_not_filled_for_minutes() -> None:
    """13 entries a second: a modem at the edge of the hills."""
    for rate in (13, 50, 200):
        seconds, most = drain(round_trip_s=0.2, rate=rate, entries=200 * rate)
        assert seconds < 1.05 * 200
        assert most / rate < 5


@settings(max_examples=200)
@given(st.integers(1, 3000), st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30))))
def test_the_window_stays_within_its_bounds(limit: int, answers: list[tuple[float, float]]) -> None:
    window = Window()
    window.open(limit)
    for sent, took in answers:
        window.answered(sent + took, sent)
        assert min(SMALLEST, limit) <= window.size <= min(LARGEST, limit)
    window.close()
    assert window.size == 0


def test_a_payroll_that_never_answers_costs_less_and_less() -> None:
    box = Outbox(1000, 0, TIMEOUT)
    box.grown(1000)
    box.connected(0, ROOM)
    times = []
    for second in range(2 * 24 * 3600):
        if run := box.take(second, ROOM):
            assert run == range(1, REPEATED + 1)
            times.append(second)
            for seq in run:
                box.puback(second, seq, OK)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[:9] == [60 * 2**n for n in range(8)] + [4 * 3600]
    assert set(pauses[9:]) == {4 * 3600}


def test_what_was_published_under_other_rules_has_to_be_confirmed() -> None:
    box = Outbox(5, 2, TIMEOUT)
    box.grown(5)
    box.connected(0, ROOM, True)
    assert box.take(0, ROOM) == range(3, 6)


def test_only_so_many_resends_wait() -> None:
    box = Outbox(100, 100, TIMEOUT)
    box.grown(100)
    assert sum(box.resend(n, n) for n in range(1, 101)) == 16


def test_a_resend_that_was_cut_off_stays_one() -> None:
    """In as many pieces as it had entries it would take the place of all that payroll asks."""
    box = Outbox(100, 0, 30)
    box.grown(100)
    box.connected(0, ROOM)
    assert box.resend(1, 40)
    assert list(box.take(0, ROOM))
    box.disconnected(1)
    box.connected(2, ROOM)
    assert sum(box.resend(n, n) for n in range(50, 99)) == 15
    again: list[int] = []
    while run := box.take(3, ROOM):
        again += run
        for seq in run:
            box.puback(3, seq, 0)
    assert again[:40] == list(range(1, 41))


class AnyInterleaving(RuleBasedStateMachine):
    """Whatever happens, in whatever order; ``payroll`` gets most of what the broker takes."""

    @initialize(by_broker=st.booleans())
    def start(self, by_broker: bool) -> None:
        self.box = Outbox(0, 0, TIMEOUT)
        self.by_broker = by_broker
        self.now = 0.0
        self.last_seq = 0
        self.receive_maximum = 0
        self.in_flight: set[int] = set()
        self.taken: set[int] = set()
        self.payroll: set[int] = set()
        self.highest_sent = 0
        self.published = self.confirmed = 0
        self.waits_for: set[int] = set()

    @rule(entries=st.integers(1, 12))
    def ledger_grows(self, entries: int) -> None:
        self.last_seq += entries
        self.box.grown(self.last_seq)

    @rule(receive_maximum=st.integers(1, 9))
    def connect(self, receive_maximum: int) -> None:
        if not self.receive_maximum:
            self.receive_maximum = receive_maximum
            self.box.connected(self.now, receive_maximum, self.by_broker)

    @rule()
    def disconnect(self) -> None:
        self.receive_maximum = 0
        self.in_flight.clear()
        self.box.disconnected(self.now)

    @rule(notes=st.integers(0, 2))
    def send(self, notes: int = 0) -> None:
        room = self.receive_maximum - len(self.in_flight) - notes
        run = self.box.take(self.now, room)
        assert len(run) <= max(0, room)
        assert not self.in_flight & set(run)
        for seq in run:
            # First sends are in order, and leave out only what payroll has.
            if seq > self.highest_sent:
                assert seq == max(self.highest_sent, self.confirmed) + 1
                self.highest_sent = seq
        self.in_flight |= set(run)

    @precondition(lambda self: self.in_flight)
    @rule(
        data=st.data(), code=st.sampled_from([OK, OK, NOBODY, NOT_AUTHORISED]), lost=st.booleans()
    )
    def acknowledge(self, data: st.DataObject, code: int, lost: bool) -> None:
        seq = data.draw(st.sampled_from(sorted(self.in_flight)))
        self._acknowledge(seq, code, lost)

    def _acknowledge(self, seq: int, code: int, lost: bool) -> None:
        self.in_flight.remove(seq)
        self.box.puback(self.now, seq, code)
        if code == OK:
            self.taken.add(seq)
            self.waits_for.discard(seq)
            if not lost:
                self.payroll.add(seq)

    @rule()
    def receipt(self) -> None:
        through = 0
        while through + 1 in self.payroll:
            through += 1
        progress = through > self.box.confirmed
        assert self.box.receipt(self.now, through) is progress

    @precondition(lambda self: self.last_seq)
    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        first = data.draw(st.integers(1, self.last_seq))
        last = data.draw(st.integers(first, self.last_seq))
        if self.box.resend(first, last):
            self.waits_for |= set(range(first, min(last, self.published) + 1)) - self.in_flight

    @rule(seconds=st.sampled_from([0.5, 5.0, 31.0, 700.0, 20000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def watermarks_say_what_is_known(self) -> None:
        assert self.box.confirmed >= self.confirmed
        assert self.box.published >= self.published
        self.confirmed, self.published = self.box.confirmed, self.box.published
        expected = self.confirmed
        while expected + 1 in self.taken:
            expected += 1
        assert self.published == expected
        if self.by_broker:
            assert self.confirmed == self.published

    def teardown(self) -> None:
        """Nothing is forgotten: once all is well again, payroll gets whatever it lacks."""
        self.disconnect()
        self.connect(5)
        for _ in range(20 * self.last_seq + 100):
            if self.box.confirmed == self.last_seq and not self.waits_for:
                break
            self.send()
            for seq in sorted(self.in_flight):
                self._acknowledge(seq, OK, lost=False)
            self.receipt()
            self.time_passes(5 * 3600.0)
        assert self.box.confirmed == self.last_seq
        assert not self.waits_for


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
