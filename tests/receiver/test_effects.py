"""What entries mean for pay: the same in both databases, in whatever order they come."""

import random
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.contract.chain import GENESIS, link, seal
from edge_agent.contract.kinds import KINDS, kind_of
from edge_agent.contract.messages import Rejection, Roster, RosterWorker
from edge_agent.contract.stamps import local_time, parse_time, utc_time
from edge_agent.receiver.accept import Arrival, read
from edge_agent.receiver.project import project_anew
from edge_agent.receiver.store import PayrollStore

from .conftest import KINDS as KINDS_OF_DATABASE
from .running import rows, settle

AT = "2026-11-23T00:00:00.000Z"
CODE = "NV0042"


def envelope(data: dict[str, Any], prevhash: bytes) -> bytes:
    """Wire bytes with the hash that belongs to ``data``, whatever it holds."""
    return msgspec.json.encode(
        {"id": f"{data['ledger']}:{data['seq']}", "source": "/attendance/gates/main-gate",
         "prevhash": prevhash.hex(), "hash": link(prevhash, rfc8785.dumps(data)).hex(),
         "data": data}
    )  # fmt: skip


class Ledger:
    """A ledger that is written by hand."""

    def __init__(self, name: str, gate: str = "main-gate") -> None:
        self.name = name
        self.gate = gate
        self.arrivals: list[Arrival] = []
        self.boot = "boot"
        self._boottime = 0
        self._hash = GENESIS

    def branch(self, name: str | None = None) -> "Ledger":
        """Another continuation of the same entries, as a cloned card has."""
        twin = Ledger(name or self.name, self.gate)
        twin.arrivals, twin._hash = list(self.arrivals), self._hash
        return twin

    def write(self, kind: str, at: str | None = None, **data: Any) -> dict[str, Any]:
        seq = len(self.arrivals) + 1
        full = {"ledger": self.name, "seq": seq, "kind": kind, "at": at, **data}
        full.setdefault("clock", self._clock(at))
        envelope = seal(self.gate, full, self._hash)
        self._hash = bytes.fromhex(envelope.hash)
        self.arrivals.append(read(self.gate, msgspec.json.encode(envelope)))
        return full

    def _clock(self, at: str | None) -> dict[str, Any]:
        """Of one boot, and synchronised wherever there is a time."""
        try:
            wall = parse_time(at or "")
        except ValueError:
            return {"state": "unsynced", "uncertainty_ms": None, "boot": self.boot,
                    "boottime_ms": self._boottime, "wall": AT}  # fmt: skip
        self._boottime = wall - parse_time("2026-11-01T00:00:00Z")
        return {"state": "synced", "uncertainty_ms": 40, "boot": self.boot,
                "boottime_ms": self._boottime, "wall": utc_time(wall)}  # fmt: skip

    def start(self, at: str) -> None:
        """The daemon starts, after the machine did."""
        self.boot += "'"
        self.write("recording.resumed", time(at), reason="started")

    def alive(self, first: str, last: str) -> None:
        """The hourly sign of life, from an hour to another."""
        now, until = (parse_time(time(at)) for at in (first, last))
        while now <= until:
            at = local_time(now, ZoneInfo("Asia/Ho_Chi_Minh"))
            self.write("gate.alive", at, recording=True, version="1")
            now += 3_600_000

    def punch(self, at: str | None, direction: str | None = None, code: str = CODE) -> int:
        """``direction``: by a gate of one direction."""
        data = self.write("punch.recorded", at and time(at), worker=code, direction=direction,
                          direction_source=direction)  # fmt: skip
        return int(data["seq"])

    def recover(self, arrival: Arrival) -> int:
        of = {"ledger": arrival.ledger, "seq": arrival.seq, "hash": arrival.hash}
        data = arrival.data
        written = self.write("punch.recovered", data["at"], worker=data["worker"], of=of, data=data)
        return int(written["seq"])


def time(short: str) -> str:
    """ "23 06:58" → that day of November 2026 in Vietnam."""
    return f"2026-11-{short}:00.000+07:00".replace(" ", "T")


@pytest.fixture
def store(database: str) -> Iterator[PayrollStore]:
    with closing(PayrollStore(database)) as store:
        yield store


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PayrollStore]:
    """One database for many examples: each has a ledger of its own."""
    if request.param == "sqlite":
        database = str(tmp_path_factory.mktemp("shared") / "payroll.db")
    else:
        database = request.getfixturevalue("new_postgresql_database")()
    with closing(PayrollStore(database)) as store:
        yield store


def judged(database: str, columns: str = "ledger, seq, state") -> list[tuple[Any, ...]]:
    return rows(database, f"SELECT {columns} FROM punches ORDER BY ledger, seq")


def sessions(database: str, columns: str = "date, in_at, out_at, status") -> list[tuple[Any, ...]]:
    return [
        tuple(v[8:16] if isinstance(v, str) and "T" in v else v for v in row)
        for row in rows(
            database, f"SELECT {columns} FROM sessions ORDER BY code, COALESCE(in_at, out_at)"
        )
    ]


def test_every_kind_of_punch_has_its_state(store: PayrollStore, database: str) -> None:
    a = Ledger("a")
    a.write("ledger.opened")
    first = a.punch("23 07:00")
    a.write("punch.repeated", time("23 07:00"), worker=CODE, of=first)
    unsynced = a.punch(None)
    never = a.punch(None)
    a.write("punch.added", time("23 12:00"), worker="0007", direction="out",
            method="supervisor", reason="forgot", actor="uid:1")  # fmt: skip
    wrong = a.punch("23 13:00")
    a.write("punch.voided", None, of=wrong, worker=CODE, reason="x", actor="uid:1")
    resolved = a.punch(None)
    a.write("punch.time-resolved", time("24 06:01"), of=resolved, worker=CODE, final=True,
            uncertainty_ms=900)  # fmt: skip
    a.write("punch.time-resolved", None, of=never, worker=CODE, final=True, uncertainty_ms=None,
            not_before=time("23 01:00"), not_after=time("23 02:00"))  # fmt: skip
    twice = a.punch("24 09:00")
    a.write("punch.time-corrected", time("24 08:00"), of=twice, worker=CODE, uncertainty_ms=5,
            reason="x")  # fmt: skip
    store.take(a.arrivals, AT)
    assert judged(database, "seq, state, source, code, date, time") == [
        (first, "valid", "finger", CODE, "2026-11-23", "07:00:00"),
        (first + 1, "repeated", "finger", CODE, "2026-11-23", "07:00:00"),
        (unsynced, "pending-time", "finger", CODE, None, None),
        (never, "no-time", "finger", CODE, None, None),
        (never + 1, "valid", "supervisor", "0007", "2026-11-23", "12:00:00"),
        (wrong, "voided", "finger", CODE, "2026-11-23", "13:00:00"),
        (resolved, "valid", "finger", CODE, "2026-11-24", "06:01:00"),
        (twice, "valid", "finger", CODE, "2026-11-24", "08:00:00"),
    ]
    bounds = rows(database, f"SELECT not_before, uncertainty_ms FROM punches WHERE seq = {never}")
    assert bounds == [(time("23 01:00"), None)]


def test_a_key_after_the_finger_says_which_way(store: PayrollStore, database: str) -> None:
    """It is evidence, the last word holds, and whoever reads sessions reads them by it."""
    a = Ledger("a")
    first = a.punch("23 06:00")
    second = a.punch("23 14:00")
    for of, way in ((first, "out"), (first, "in"), (second, "out")):
        a.write("punch.directed", None, of=of, worker=CODE, direction=way, direction_source="key")
    random.Random(1).shuffle(a.arrivals)
    store.take(a.arrivals, AT)
    assert judged(database, "seq, direction, direction_source") == [
        (first, "in", "key"),
        (second, "out", "key"),
    ]
    assert rows(database, "SELECT way FROM judged ORDER BY seq") == [("in",), ("out",)]
    assert sessions(database, "in_at, out_at, status") == [("23T06:00", "23T14:00", "complete")]
    a.write("punch.directed", None, of=second, worker=CODE, direction="in", direction_source="key")
    store.take(a.arrivals[-1:], AT)
    assert sessions(database, "in_at, status") == [
        ("23T06:00", "not-covered"),
        ("23T14:00", "open"),
    ]


def test_what_was_added_for_an_earlier_day_moves_no_press_without_a_time(
    store: PayrollStore, database: str
) -> None:
    """It stands in the ledger later than it was, and the press behind it was not on that day."""
    a = Ledger("a")
    a.punch("23 06:00")
    a.write("punch.added", time("21 07:00"), worker=CODE, direction="in",
            method="supervisor", reason="forgot", actor="uid:1")  # fmt: skip
    a.punch(None)
    store.take(a.arrivals, AT)
    assert sessions(database, "date, in_at, in_seq, out_seq, status") == [
        ("2026-11-21", "21T07:00", 2, None, "not-covered"),
        ("2026-11-23", "23T06:00", 1, 3, "pending-time"),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_order_of_arrival_makes_no_difference(
    store: PayrollStore, database: str, seed: int
) -> None:
    old, new = Ledger("b-old"), Ledger("a-new")
    lost = [old.punch(None), old.punch("23 08:00"), old.punch("23 09:00")]
    for seq in lost:
        new.recover(old.arrivals[seq - 1])
    new.write("punch.time-resolved", time("23 07:00"), of=1, worker=CODE, final=True)
    new.write("punch.voided", None, of=2, worker=CODE, reason="x", actor="uid:1")
    # The third never arrived in its own ledger.
    everything = old.arrivals[:2] + new.arrivals
    random.Random(seed).shuffle(everything)
    for start in range(0, len(everything), 3):
        store.take(everything[start : start + 3], AT)
    assert judged(database, "ledger, seq, state, source, time") == [
        ("a-new", 1, "duplicate", "recovered", "07:00:00"),
        ("a-new", 2, "duplicate", "recovered", "08:00:00"),
        ("a-new", 3, "valid", "recovered", "09:00:00"),
        ("b-old", 1, "valid", "finger", "07:00:00"),
        ("b-old", 2, "voided", "finger", "08:00:00"),
    ]


def test_punches_of_both_cards_of_a_clone_are_paid_once_each(
    store: PayrollStore, database: str
) -> None:
    """The clone's branch is set aside as a fork, and recovered in a ledger of its own."""
    card = Ledger("card")
    card.punch("23 06:00", "in")
    clone = card.branch()
    card.punch("23 11:00", "out")
    cloned = clone.punch("23 12:00", "out", code="0007")
    store.take(card.arrivals, AT)
    (standing,) = store.take(clone.arrivals, AT).progress
    assert standing.forks == [2]
    fresh = Ledger("fresh", gate="other-gate")
    for arrival in clone.arrivals:  # One more than it must, the common one.
        fresh.recover(arrival)
    again = Ledger("gain", gate="other-gate")
    for arrival in fresh.arrivals:  # And once more, from there.
        again.recover(arrival)
    store.take(again.arrivals, AT)
    store.take(fresh.arrivals, AT)
    valid = rows(database, "SELECT code, time, ledger FROM punches WHERE state = 'valid'")
    assert sorted(valid) == [
        ("0007", "12:00:00", "fresh"),
        (CODE, "06:00:00", "card"),
        (CODE, "11:00:00", "card"),
    ]
    assert cloned == 2


def test_mark_that_proves_to_be_a_strays_counts_no_more(store: PayrollStore, database: str) -> None:
    ours = Ledger("a")
    ours.punch("23 06:00")
    theirs = ours.branch()
    ours.punch("23 07:00")
    ours.punch("23 08:00")
    theirs.punch("23 07:30")
    theirs.punch("23 08:30")
    store.take([ours.arrivals[0], theirs.arrivals[2]], AT)
    assert [row[1:] for row in judged(database)] == [(1, "valid"), (3, "valid")]
    store.take(ours.arrivals, AT)
    assert judged(database, "time") == [("06:00:00",), ("07:00:00",)]
    store.take(ours.arrivals, AT)
    assert judged(database, "time") == [("06:00:00",), ("07:00:00",), ("08:00:00",)]


@pytest.mark.parametrize(
    "broken",
    [
        {"worker": "", "direction": None},
        {"worker": "nul\0", "direction": None},
        {"worker": CODE, "direction": "sideways"},
        {"worker": CODE, "direction": None, "at": "yesterday"},
        {"worker": CODE, "direction": None, "at": "2026-11-23T07:00:00"},
        {"direction": None},
    ],
)
def test_unreadable_entry_is_kept_for_a_person_and_confirmed(
    store: PayrollStore, database: str, broken: dict[str, Any]
) -> None:
    a = Ledger("a")
    a.punch("23 06:00")
    a.write("punch.recorded", **broken)
    (standing,) = store.take(a.arrivals, AT).progress
    assert standing.tip.through == 2
    assert standing.rejected == [Rejection(seq=2, reason="unreadable")]
    assert standing.rejected_count == 1
    assert judged(database) == [("a", 1, "valid")]
    assert rows(database, "SELECT ledger, seq, gate, reason FROM rejected") == [
        ("a", 2, "main-gate", "unreadable")
    ]
    assert next(store.progress()).rejected_count == 1


def roster(version: int, *codes: str) -> bytes:
    workers = [RosterWorker(code=code, name=f"Người {code}") for code in codes]
    return msgspec.json.encode(Roster(version=version, workers=workers))


def test_worker_whom_payroll_does_not_know_is_rejected_until_it_does(
    store: PayrollStore, database: str
) -> None:
    a = Ledger("a")
    store.apply_roster(roster(1, CODE), AT)
    a.punch("23 08:00")
    a.punch("23 09:00", code="9999")
    store.take(a.arrivals, AT)
    assert judged(database) == [("a", 1, "valid"), ("a", 2, "rejected")]
    a.punch("23 10:00", code="9999")
    taken = store.take(a.arrivals[2:], AT)
    (standing,) = taken.progress
    assert [rejection.seq for rejection in standing.rejected] == [2, 3]
    assert standing.rejected[0].reason == "unknown-worker"
    assert [(one.seq, one.code) for one in taken.rejected] == [(3, "9999")]
    store.apply_roster(roster(2, "9999"), AT)
    assert {state for *_, state in judged(database)} == {"valid"}


def test_a_partial_roster_takes_nothing_away_that_counted(
    store: PayrollStore, database: str
) -> None:
    """Neither now, nor when the database is filled again, nor when it is read anew."""
    roster_at, later = "2026-11-25T00:00:00.000Z", "2026-11-26T00:00:00.000Z"
    a, away = Ledger("a"), Ledger("b", gate="away")
    for number in range(5):
        a.punch("23 07:00", code=f"NV{number}")
    a.punch(None, code="NV1")
    away.punch("24 07:00", code="NV2")
    away.punch("25 08:00", code="NV2")
    away.punch(None, code="NV2")
    store.take(a.arrivals, AT)
    before = judged(database)
    assert store.apply_roster(roster(1, "NV0"), roster_at).applied
    assert judged(database) == before
    assert [(one.code, one.punches, one.rejected, one.last_day) for one in store.unlisted()] == [
        ("NV1", 2, 0, "2026-11-23"),
        ("NV2", 1, 0, "2026-11-23"),
        ("NV3", 1, 0, "2026-11-23"),
        ("NV4", 1, 0, "2026-11-23"),
    ]
    # What was pressed before it and comes later counts; what is pressed after it does not.
    (rejected, undated) = store.take(away.arrivals, later).rejected
    assert (rejected.seq, rejected.reason, undated.seq) == (2, "unknown-worker", 3)
    store.apply_roster(roster(2, "NV0", "NV4"), later)
    after = judged(database)
    assert [state for ledger, _, state in after if ledger == "b"] == ["valid", *["rejected"] * 2]
    assert after[: len(before)] == before
    with store._database.transaction():
        project_anew(store._database)
    assert judged(database) == after


def test_who_is_not_listed_has_each_punch_once(store: PayrollStore, database: str) -> None:
    """Not what a ledger recovered of the one before it as well, nor a repeat, nor what was voided.

    Both ledgers are with payroll: a database from before was put back at the gate.
    """
    a, b = Ledger("a"), Ledger("b")
    for hour in ("07:00", "16:00"):
        a.punch(f"23 {hour}", code="NV1")
    a.write("punch.repeated", time("23 07:01"), worker="NV1", of=1)
    wrong = a.punch("23 17:00", code="NV1")
    a.write("punch.voided", time("23 17:05"), worker="NV1", of=wrong, reason="wrong-gate")
    for arrival in a.arrivals[:2]:
        b.recover(arrival)
    store.take([*a.arrivals, *b.arrivals], AT)
    assert [(one.code, one.punches, one.rejected, one.last_day) for one in store.unlisted()] == [
        ("NV1", 2, 0, "2026-11-23")
    ]


ODD = st.sampled_from(
    [None, 7, -1, 2**53 - 1, True, 1.5, "", "x", "nul\0", "x" * 300, [], {}, ["punch.recorded"],
     "2026-W48-1T07:00+07:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
     "2026-11-23T07:00:00+23:59", "2026-11-23T07:00:00,5+07:00", {"ledger": "b", "seq": 1},
     {"kind": ["x"], "worker": CODE, "at": None}, {"kind": "punch.recovered", "worker": CODE}]
)  # fmt: skip


@example("punch.recovered", {"of": {"ledger": "b", "seq": 1, "hash": "0" * 64},
                             "data": {"kind": ["x"], "worker": CODE, "at": None}})  # fmt: skip
@given(
    st.sampled_from(sorted(kind_of(kind) for kind in KINDS)),
    st.dictionaries(
        st.sampled_from(["at", "worker", "of", "data", "clock", "direction", "not_before",
                         "not_after", "uncertainty_ms", "final", "reason", "recording", "kind"]),
        ODD,
    ),
)  # fmt: skip
def test_whatever_a_hashed_entry_says_it_is_held_and_passed(
    shared: PayrollStore, kind: str, odd: dict[str, Any]
) -> None:
    a = Ledger(uuid.uuid4().hex)
    a.punch("23 06:00")
    sound = {"of": 1, "worker": CODE, "direction": None, "data": a.arrivals[0].data, "final": True}
    full = {**sound, "ledger": a.name, "seq": 2, "kind": kind, "at": time("23 07:00"),
            "clock": a._clock(None)} | odd  # fmt: skip
    wire = envelope(full, prevhash=a._hash)
    a.arrivals.append(read("main-gate", wire))
    (standing,) = shared.take(a.arrivals, AT).progress
    assert standing.tip.through == 2
    shared.update_coverage(0)
    shared._database.query("SELECT * FROM punches WHERE ledger = ?", [a.name])


def test_receipt_lists_a_hundred_and_counts_all(store: PayrollStore) -> None:
    a = Ledger("a")
    for _ in range(150):
        a.write("punch.recorded")
    (standing,) = store.take(a.arrivals, AT).progress
    assert (len(standing.rejected), standing.rejected_count) == (100, 150)


def test_effects_are_made_anew_for_entries_of_an_older_version(database: str) -> None:
    a = Ledger("a")
    a.punch("23 06:00")
    a.write("punch.recorded")
    with closing(PayrollStore(database)) as store:
        store.take(a.arrivals, AT)
        store._database.execute("UPDATE derived SET version = 'older'")
        store._database.execute("DELETE FROM marks")
    PayrollStore(database).close()
    assert judged(database) == [("a", 1, "valid")]
    assert rows(database, "SELECT seq FROM rejected") == [(2,)]


DAYS = {
    "a day with lunch": (
        ["23 06:58 in", "23 11:30 out", "23 12:30 in", "23 16:31 out"],
        [("2026-11-23", "23T06:58", "23T11:30", "complete"),
         ("2026-11-23", "23T12:30", "23T16:31", "complete")],
    ),
    "a night belongs to the day it began": (
        ["23 21:55 in", "24 06:03 out"],
        [("2026-11-23", "23T21:55", "24T06:03", "complete")],
    ),
    "directions that nobody knows alternate": (
        ["23 06:58", "23 11:30", "23 12:30", "23 16:31", "24 07:00"],
        [("2026-11-23", "23T06:58", "23T11:30", "complete"),
         ("2026-11-23", "23T12:30", "23T16:31", "complete"),
         ("2026-11-24", "24T07:00", None, "open")],
    ),
    "a forgotten out does not turn the next day around": (
        ["23 07:00", "24 07:00", "24 16:00"],
        [("2026-11-23", "23T07:00", None, "manual"),
         ("2026-11-24", "24T07:00", "24T16:00", "complete")],
    ),
    "an unknown direction goes on from the last known": (
        ["23 07:00 in", "23 11:00", "23 12:00", "23 16:00 out"],
        [("2026-11-23", "23T07:00", "23T11:00", "complete"),
         ("2026-11-23", "23T12:00", "23T16:00", "complete")],
    ),
    "twice in": (
        ["23 07:00 in", "23 12:00 in", "23 16:00 out"],
        [("2026-11-23", "23T07:00", None, "manual"),
         ("2026-11-23", "23T12:00", "23T16:00", "complete")],
    ),
    "an out without an in": (
        ["23 16:00 out"], [("2026-11-23", None, "23T16:00", "manual")],
    ),
    "an out after too long is no end of that in": (
        ["23 07:00 in", "24 16:00 out"],
        [("2026-11-23", "23T07:00", None, "manual"),
         ("2026-11-24", None, "24T16:00", "manual")],
    ),
    "nobody has gone home yet": (
        ["23 07:00 in"], [("2026-11-23", "23T07:00", None, "open")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("day", DAYS)
def test_sessions(store: PayrollStore, database: str, day: str) -> None:
    punches, expected = DAYS[day]
    a, b = Ledger("a", "main-gate"), Ledger("b", "field-gate")
    for ledger, mine in ((a, punches[::2]), (b, punches[1::2])):
        ledger.start("22 00:00")
        since = "22 00:00"
        for punch in mine:
            ledger.alive(since, punch[:8])
            ledger.punch(punch[:8], punch[9:] or None)
            since = punch[:8]
        ledger.alive(since, "24 23:00")
    store.take([*b.arrivals, *a.arrivals], AT)
    settle(store)
    assert sessions(database) == expected


def test_session_whose_time_is_not_known_yet_waits_for_it(
    store: PayrollStore, database: str
) -> None:
    a = Ledger("a")
    a.punch("23 05:00", "in", code="0001")
    a.punch(None, "in")
    a.punch("23 11:00", "out")
    a.punch("23 12:00", "in")
    a.punch("23 16:00", "out")
    store.take(a.arrivals, AT)
    mine = f"SELECT date, status, minutes FROM sessions WHERE code = '{CODE}' ORDER BY out_at"
    assert rows(database, mine) == [
        ("2026-11-23", "pending-time", None),
        ("2026-11-23", "complete", 240),
    ]
    a.write("punch.time-resolved", time("23 06:30"), of=2, worker=CODE, final=True)
    store.take(a.arrivals[5:], AT)
    assert rows(database, mine) == [
        ("2026-11-23", "complete", 270),
        ("2026-11-23", "complete", 240),
    ]


def opened(ledger: Ledger, why: str = "first-start", previous: Ledger | None = None) -> None:
    last = previous.arrivals[-1] if previous else None
    of = {"ledger": last.ledger, "seq": last.seq, "hash": last.hash} if last else None
    ledger.write("ledger.opened", gate=ledger.gate, why=why, previous=of)


def test_no_gate_rules_on_another_gates_punch(store: PayrollStore, database: str) -> None:
    """It has seen everything, names the other's ledger as its own old one, and recovers from it."""
    main, evil = Ledger("a"), Ledger("b", gate="evil")
    opened(main)
    main.punch("23 07:00", "in")
    main.punch(None, "out")
    store.take(main.arrivals, "2026-11-24T00:00:00.000Z")
    opened(evil, "other-gate-id", previous=main)
    of = evil.recover(main.arrivals[1])
    evil.write("punch.voided", of=of, reason="entry-error")
    of = evil.recover(main.arrivals[2])
    evil.write("punch.time-resolved", of=of, at=time("23 07:01"), uncertainty_ms=1)
    store.take(evil.arrivals, "2026-11-24T00:00:01.000Z")
    main.alive("24 08:00", "24 08:00")
    store.take(main.arrivals[3:], "2026-11-24T01:00:00.000Z")
    assert rows(database, "SELECT seq, state FROM judged WHERE ledger = 'a' ORDER BY seq") == [
        (2, "valid"),
        (3, "pending-time"),
    ]
    assert rows(database, "SELECT DISTINCT state FROM judged WHERE ledger = 'b'") == [
        ("duplicate",)
    ]


def test_no_gate_stands_in_for_anothers_successor(store: PayrollStore, database: str) -> None:
    """Of the ledger that was lost nothing had come to payroll."""
    lost, true, evil = Ledger("lost"), Ledger("z"), Ledger("a", gate="evil")
    opened(lost)
    lost.punch("23 07:00", "in")
    for ledger, at in ((true, AT), (evil, "2026-11-23T00:00:01.000Z")):
        opened(ledger, "damaged", previous=lost)
        ledger.recover(lost.arrivals[1])
        if ledger is evil:
            ledger.write("punch.voided", of=2, reason="entry-error")
        store.take(ledger.arrivals, at)
    assert rows(database, "SELECT ledger, state FROM judged ORDER BY ledger") == [
        ("a", "voided"),
        ("z", "valid"),
    ]
