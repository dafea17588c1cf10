"""What a bridge reads: each punch and session that appeared, changed or went, in order."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import msgspec
from click.testing import Result

from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.worktime.keep import renew

from .running import rows, settle
from .test_effects import AT, CODE, Ledger

WHO = ["--actor", "office-1", "--reason", "x"]


class Bridge:
    """Keeps a copy of what counts, by the view alone."""

    def __init__(self, database: str) -> None:
        self._database = database
        self.cursor = 0
        self.copy: dict[tuple[str, str, int], tuple[Any, ...]] = {}

    def poll(self) -> list[tuple[str, str, int]]:
        """Take in what is new; returns what happened to which punch or session."""
        told = []
        for cursor, what, change, ledger, seq, *row in rows(
            self._database,
            "SELECT cursor, what, change, ledger, seq, code, date, status, at, until_at, seconds"
            f" FROM changes WHERE cursor > {self.cursor} ORDER BY cursor",
        ):
            self.cursor = cursor
            told.append((what, change, seq))
            if change == "gone":
                del self.copy[what, ledger, seq]
            else:
                assert ((what, ledger, seq) in self.copy) is (change == "changed")
                self.copy[what, ledger, seq] = tuple(row)
        return told

    def held(self) -> dict[tuple[str, str, int], tuple[Any, ...]]:
        """The same by the other views."""
        punches = rows(
            self._database,
            "SELECT 'punch', ledger, seq, code, date, state, at, NULL, NULL FROM punches"
            " WHERE state IN ('valid', 'pending-time', 'no-time')",
        )
        sessions = rows(
            self._database,
            "SELECT 'session', lead_ledger, lead_seq, code, date, status, in_at, out_at, seconds"
            " FROM sessions",
        )
        return {(what, ledger, seq): tuple(row) for what, ledger, seq, *row in punches + sessions}


def test_whatever_happens_a_copy_by_the_changes_is_what_is_held(
    receive: Callable[..., Result], database: str
) -> None:
    bridge = Bridge(database)
    a = Ledger("a")

    def take(*arrivals: Any) -> list[tuple[str, str, int]]:
        with closing(PayrollStore(database)) as store:
            store.take(arrivals, AT)
            settle(store)
        told = bridge.poll()
        assert bridge.copy == bridge.held()
        return told

    a.punch("23 07:00", "in")
    assert take(*a.arrivals) == [("punch", "new", 1), ("session", "new", 1)]
    a.punch("23 16:00", "out")
    assert take(a.arrivals[-1]) == [("punch", "new", 2), ("session", "changed", 1)]
    assert take(a.arrivals[-1]) == []
    a.write("punch.repeated", "2026-11-23T16:00:09.000+07:00", worker=CODE, of=2)
    assert take(a.arrivals[-1]) == []
    undated = a.punch(None, "in", code="0007")
    assert ("punch", "new", undated) in take(a.arrivals[-1])
    a.write(
        "punch.time-resolved", "2026-11-23T18:00:00.000+07:00",
        of=undated, worker="0007", final=True,
    )  # fmt: skip
    assert ("punch", "changed", undated) in take(a.arrivals[-1])
    a.write("punch.voided", None, of=2, worker=CODE, reason="x", actor="uid:1")
    assert take(a.arrivals[-1])[0] == ("punch", "gone", 2)
    done = receive("correct", "add", CODE, "2026-11-23T17:00", "--direction", "out", *WHO)
    assert done.exit_code == 0, done.output
    assert [one[:2] for one in take()] == [("punch", "new"), ("session", "changed")]
    assert receive("correct", "undo", "1", *WHO).exit_code == 0
    assert [one[:2] for one in take()] == [("punch", "gone"), ("session", "changed")]


def test_a_worker_who_is_named_late_appears_late(database: str) -> None:
    bridge = Bridge(database)
    a = Ledger("a")
    with closing(PayrollStore(database)) as store:
        for version, codes in ((1, ["0007"]), (2, ["0007", CODE])):
            workers = [RosterWorker(code=code, name="Người") for code in codes]
            payload = msgspec.json.encode(Roster(version=version, workers=workers))
            store.apply_roster(payload, "2026-11-01T00:00:00.000Z")
            if version == 1:
                a.punch("23 07:00", "in")
                store.take(a.arrivals, AT)
            settle(store)
            told = bridge.poll()
            assert bool(told) is (version == 2)
    assert bridge.copy == bridge.held()


def test_a_gate_that_could_not_record_changes_what_a_session_is(database: str) -> None:
    """Which is known in quiet moments only, after the session."""
    bridge = Bridge(database)
    a = Ledger("a")
    a.start("23 05:00")
    a.punch("23 06:00", "in")
    a.alive("23 07:00", "24 05:00")
    a.punch("24 06:00", "in")
    a.punch("24 14:00", "out")
    with closing(PayrollStore(database)) as store:
        store.take(a.arrivals, AT)
        renew(store._database)
        bridge.poll()
        lone = ("session", "a", 2)
        assert bridge.copy[lone][2] == "not-covered"
        settle(store)
    assert bridge.poll() == [("session", "changed", 2)]
    assert bridge.copy[lone][2] == "manual"
    assert bridge.copy == bridge.held()
