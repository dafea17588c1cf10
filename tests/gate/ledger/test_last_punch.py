"""A worker's last punch is one fact: the running gate, a start, the next ledger and the office give
the same answer, whatever was pressed, added and withdrawn before.
"""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.attendance import SHIFT_MS
from edge_agent.contract.chain import told
from edge_agent.contract.facts import Direction, PunchAdded, PunchVoided
from edge_agent.contract.kinds import CREDITS
from edge_agent.contract.stamps import local_time, utc_time
from edge_agent.gate.last_punch import LastPunch
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.notes import leaving, leaving_note
from edge_agent.receiver.accept import read
from edge_agent.receiver.store import PayrollStore

from .ledgers import GATE
from .old_copies import HERE, start
from .test_times import MINUTE, ZONE, Site, punch

CODES = ("007", "008")
PLACES = (HERE, structs.replace(HERE, card={"cid": "c2"}))

Root = tuple[str, int]
Last = tuple[Root, Direction | None, int | None]
"""Whichever ledger a punch stands in, which way it led, and what a supervisor said of its time."""


class History(Site):
    """A gate at which everything happens; ``punches`` is what a person would write down."""

    def __init__(self, folder: Path) -> None:
        self.place = 0
        self.punches: dict[Root, tuple[str, int, int]] = {}
        start(folder)
        super().__init__(folder)
        self.arrivals: list[bytes] = []

    def keep(self, code: str, true_ms: int, seq: int) -> None:
        self.punches[self.store.ledger, seq] = (code, true_ms, len(self.punches))

    def press(self, code: str, way: Direction | None) -> None:
        self.runs(1000)
        self.keep(
            code, self.clocks.true_ms, self.write(structs.replace(punch(code), direction=way))
        )

    def add(self, code: str, minutes: int, way: Direction | None) -> None:
        """A punch of so many minutes ago."""
        self.runs(1000)
        at_ms = self.clocks.true_ms - minutes * MINUTE - 500
        added = PunchAdded(
            worker=code, at=local_time(at_ms, ZONE), direction=way, reason="x", actor="y"
        )
        self.keep(code, at_ms, self.write(added))

    def void(self, back: int) -> None:
        """The punch that was written as the so many-th last of those that this ledger has."""
        self.runs(1000)
        seqs = [data["seq"] for data in self.data() if data["kind"] in CREDITS]
        if not seqs:
            return
        data = self.data_at(seqs[-1 - back % len(seqs)])
        if not self.store.is_voided(data["seq"]):
            self.write(PunchVoided(of=data["seq"], worker=data["worker"], reason="x", actor="y"))
            del self.punches[root(data)]

    def leave(self, how: str, confirmed: bool) -> None:
        self.send()
        if confirmed:
            end = self.store.tail().seq
            self.store.move_watermarks(Watermarks(end, end))
        if how == "damaged":
            note = leaving("damaged", detail="seen in use")
            assert leaving_note.put(self.folder / "gate.db", self.store.ledger, note)
        else:
            self.place = 1 - self.place
        self.store.close()
        start(self.folder, PLACES[self.place], now=self.clocks.stamp())
        self.open()

    def send(self) -> None:
        """All entries go to payroll before their ledger is left."""
        self.arrivals += [entry.wire for entry in self.store.entries(1, 100_000)]

    def data_at(self, seq: int) -> dict[str, Any]:
        [entry] = self.store.entries(seq, 1)
        return self.store.data_of(entry)

    def shown(self, found: dict[str, LastPunch]) -> dict[str, Last]:
        now = self.clocks.stamp()
        return {
            code: (root(self.data_at(last.seq)), last.direction, last.said_ms)
            for code, last in found.items()
            if last.ago(now).least <= SHIFT_MS
        }

    def running(self) -> dict[str, Last]:
        return self.shown(self.gate.known.last_punches)

    def started_anew(self) -> dict[str, Last]:
        return self.shown(self.store.last_punches(self.clocks.stamp(), SHIFT_MS))

    def written_down(self) -> dict[str, Root]:
        """Each worker's last one, by when it was."""
        in_order = sorted(self.punches.items(), key=lambda one: one[1][1:])
        recent = self.clocks.true_ms - SHIFT_MS
        return {code: key for key, (code, at_ms, _) in in_order if at_ms >= recent}

    def in_the_office(self) -> dict[str, Root]:
        """The same, of the sessions that payroll makes of what was sent."""
        self.send()
        with closing(PayrollStore(str(self.folder / "payroll.db"))) as office:
            office.take([read(GATE, wire) for wire in self.arrivals], utc_time(0))
            rows = office._database.query(
                "SELECT code, m.root_ledger, m.root_seq FROM judged JOIN marks m"
                " USING (ledger, seq, code) WHERE state IN ('valid', 'pending-time')"
                " AND judged.at_ms >= ? ORDER BY judged.at_ms, seq",
                [self.clocks.true_ms - SHIFT_MS],
            )
        return {code: (ledger, seq) for code, ledger, seq in rows}


def root(data: dict[str, Any]) -> Root:
    original = told(data)
    return original["ledger"], original["seq"]


codes, ways = st.sampled_from(CODES), st.sampled_from([Direction.IN, Direction.OUT, None])
acts = st.one_of(
    st.tuples(st.just("press"), codes, ways),
    st.tuples(st.just("add"), codes, st.sampled_from([0, 5, 60, 600, 2000]), ways),
    st.tuples(st.just("void"), st.integers(0, 5)),
    st.tuples(st.just("runs"), st.sampled_from([MINUTE, 60 * MINUTE, 500 * MINUTE])),
    st.tuples(st.just("restart")),
    st.tuples(st.just("leave"), st.sampled_from(["damaged", "moved"]), st.booleans()),
)
clocks = st.one_of(
    st.tuples(st.just("power_cut"), st.sampled_from([MINUTE, 300 * MINUTE])),
    st.tuples(st.just("sync")),
)

IN, OUT = Direction.IN, Direction.OUT
LONG = ("runs", 500 * MINUTE)
CAME_BACK = [("press", "007", IN), ("press", "007", OUT), ("leave", "moved", True), ("void", 0)]
FORGOT = [("press", "007", OUT), ("runs", 600 * MINUTE), ("add", "007", 5, IN), ("restart",)]


def play(history: History, act: tuple[Any, ...]) -> None:
    what, *arguments = act
    if what == "sync":
        history.clocks.sync()
        history.look()
    else:
        getattr(history, what)(*arguments)


@given(st.lists(acts, max_size=8))
@example(CAME_BACK)
@example(FORGOT)
@example([("press", "007", IN), ("add", "007", 600, OUT), ("leave", "damaged", True)])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_last_punch_is_the_same_everywhere(done: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder:
        history = History(Path(folder))
        play(history, ("sync",))
        for act in done:
            before = history.running()
            play(history, act)
            running = history.running()
            assert running == history.started_anew()
            assert {code: last[0] for code, last in running.items()} == history.written_down()
            if act[0] in ("restart", "leave"):
                assert running == before
        assert history.in_the_office() == history.written_down()
        history.store.close()


# Weighed against another, and then out of sight: the other one counts now.
LEFT_BEHIND = [("press", "007", IN), LONG, ("add", "007", 0, IN), LONG]
ADDED_TWICE = [("add", "007", 0, IN), ("runs", 300 * MINUTE), ("add", "007", 600, OUT), LONG]
# Two boots that do not know the time: together they are longer than a shift.
TWO_BOOTS = [("press", "007", IN), LONG, ("press", "008", IN), ("power_cut", MINUTE), LONG]


@given(st.lists(acts | clocks, max_size=8))
@example(LEFT_BEHIND)
@example([*ADDED_TWICE, ("runs", 60 * MINUTE)])
@example(TWO_BOOTS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_is_the_same_at_a_gate_that_does_not_know_the_time(done: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder:
        history = History(Path(folder))
        for act in done:
            history.running()
            play(history, act)
            running = history.running()
            assert running == history.started_anew()
        before = history.running()
        for how in ("moved", "damaged"):
            history.leave(how, True)
            running = history.running()
            assert running == history.started_anew()
            if any(act[0] == "power_cut" for act in done):
                # How long those boots were was told by entries that stay in the old ledger: what
                # was over by them may be taken for younger than a shift again.
                assert running.keys() >= before.keys()
            else:
                assert running == before
        history.store.close()


@pytest.mark.parametrize("how", ["damaged", "moved"])
def test_a_void_in_the_next_ledger_gives_the_direction_back(tmp_path: Path, how: str) -> None:
    history = History(tmp_path)
    history.clocks.sync()
    history.press("007", IN)
    history.press("007", OUT)
    history.leave(how, True)
    history.void(0)
    assert history.gate.known.last_punches["007"].direction is IN
    history.store.close()
