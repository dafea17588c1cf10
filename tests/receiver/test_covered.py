"""Sessions without their other end: could it have been recorded?"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_agent.receiver.store import PayrollStore

from .running import rows, settle
from .test_effects import AT, CODE, Ledger, sessions


@pytest.fixture
def store(database: str) -> Iterator[PayrollStore]:
    with closing(PayrollStore(database)) as store:
        yield store


def told(store: PayrollStore, database: str) -> list[tuple[str, str]]:
    settle(store)
    return sessions(database, "in_at, status")


def spans(database: str) -> int:
    ((count,),) = rows(database, "SELECT count(*) FROM covered")
    return int(count)


def night(power_cut: bool) -> Ledger:
    """In at 22:00 and never out; the next evening in again. Power may be gone from 1 to 3."""
    gate = Ledger("a")
    gate.start("22 18:00")
    gate.alive("22 18:00", "22 22:00")
    gate.punch("22 22:00", "in")
    gate.alive("22 22:00", "23 01:00")
    if power_cut:
        gate.start("23 03:00")
    else:
        gate.alive("23 02:00", "23 02:00")
    gate.alive("23 03:00", "23 22:00")
    gate.punch("23 22:00", "in")
    return gate


@pytest.mark.parametrize(("power_cut", "status"), [(True, "not-covered"), (False, "manual")])
def test_a_night_in_which_the_power_failed(
    store: PayrollStore, database: str, power_cut: bool, status: str
) -> None:
    store.take(night(power_cut).arrivals, AT)
    # Before anybody has looked, nothing is held against a worker.
    assert sessions(database, "in_at, status")[0] == ("22T22:00", "not-covered")
    assert told(store, database) == [("22T22:00", status), ("23T22:00", "open")]


def test_each_gate_for_itself(store: PayrollStore, database: str) -> None:
    a, b = night(power_cut=True), Ledger("b", "field-gate")
    b.start("22 18:00")
    b.alive("22 18:00", "22 21:00")
    b.punch("22 21:00", "in", code="0007")
    b.alive("22 21:00", "23 18:00")
    b.punch("23 18:00", "in", code="0007")
    store.take([*a.arrivals, *b.arrivals], AT)
    settle(store)
    assert sessions(database, "code, in_at, status") == [
        ("0007", "22T21:00", "manual"),
        ("0007", "23T18:00", "open"),
        (CODE, "22T22:00", "not-covered"),
        (CODE, "23T22:00", "open"),
    ]


def test_an_out_without_an_in_looks_back(store: PayrollStore, database: str) -> None:
    gate = Ledger("a")
    gate.start("23 06:00")
    gate.alive("23 06:00", "23 16:00")
    gate.punch("23 16:00", "out")
    gate.alive("23 16:00", "24 16:00")
    gate.punch("24 16:00", "out", code="0007")
    store.take(gate.arrivals, AT)
    settle(store)
    # For the one the gate was up for ten hours only, for the other for fourteen.
    assert sessions(database, "code, out_at, status") == [
        ("0007", "24T16:00", "manual"),
        (CODE, "23T16:00", "not-covered"),
    ]


def test_whoever_is_still_there_is_open_unless_they_may_have_left_unseen(
    store: PayrollStore, database: str
) -> None:
    gate = Ledger("a")
    gate.start("23 06:00")
    gate.punch("23 07:00", "in")
    store.take(gate.arrivals, AT)
    assert sessions(database, "in_at, status") == [("23T07:00", "open")]
    gate.alive("23 07:00", "23 10:00")
    store.take(gate.arrivals, AT)
    assert told(store, database) == [("23T07:00", "open")]
    gate.start("23 12:00")
    gate.alive("23 12:00", "23 14:00")
    store.take(gate.arrivals, AT)
    assert told(store, database) == [("23T07:00", "not-covered")]
    gate.punch("23 16:00", "out")
    store.take(gate.arrivals, AT)
    assert sessions(database, "in_at, status") == [("23T07:00", "complete")]


def test_an_entry_that_is_missing_covers_nothing_until_it_comes(
    store: PayrollStore, database: str
) -> None:
    gate = night(power_cut=False)
    lost = next(one for one in gate.arrivals if (one.at or "").startswith("2026-11-23T02"))
    store.take([one for one in gate.arrivals if one is not lost], AT)
    assert told(store, database)[0] == ("22T22:00", "not-covered")
    store.take([lost], AT)
    assert told(store, database)[0] == ("22T22:00", "manual")


def test_entries_that_only_go_on_leave_what_is_certain(store: PayrollStore, database: str) -> None:
    gate = night(power_cut=False)
    store.take(gate.arrivals, AT)
    settle(store)
    gate.alive("23 23:00", "23 23:00")
    store.take(gate.arrivals, AT)
    assert sessions(database, "in_at, status")[0] == ("22T22:00", "manual")


def disturbing() -> dict[str, Ledger]:
    clone = Ledger("a")
    clone.start("22 18:00")
    for _ in range(3):
        clone.punch("22 19:00")
    other = Ledger("b")
    other.start("22 20:00")
    stepped = night(power_cut=False)
    stepped.write("clock.stepped", None, before=AT, after=AT, step_ms=1, state="synced")
    lost = night(power_cut=False)
    lost.write("clock.synced", None, offset_ms=1, hardware_clock="lost")
    return {"fork": clone, "another ledger": other, "clock": stepped, "hardware clock": lost}


@pytest.mark.parametrize("what", disturbing())
def test_what_was_certain_goes_with_the_entry_that_takes_it_away(
    store: PayrollStore, database: str, what: str
) -> None:
    store.take(night(power_cut=False).arrivals, AT)
    settle(store)
    assert spans(database) == 1
    store.take(disturbing()[what].arrivals, AT)
    assert spans(database) == 0
    settle(store)
    assert spans(database) > 0


def test_the_next_receiver_goes_on_where_the_last_one_was_killed(database: str) -> None:
    with closing(PayrollStore(database)) as store:
        store.take(night(power_cut=False).arrivals, AT)
    with closing(PayrollStore(database)) as store:
        assert told(store, database)[0] == ("22T22:00", "manual")


def test_reading_takes_a_small_part_of_the_time(store: PayrollStore, database: str) -> None:
    store.take(night(power_cut=False).arrivals, AT)
    for _ in range(50):
        store.update_coverage(1e6)  # No time passes: after one step it rests.
    assert spans(database) == 0
