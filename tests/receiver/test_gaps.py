"""What is known to be missing: bounded, whatever arrives."""

import pytest

from edge_agent.receiver import gaps as module
from edge_agent.receiver.accept import Tip
from edge_agent.receiver.gaps import Absent, Wanted
from edge_agent.receiver.store import LedgerProgress


def standing(ledger: str, through: int, missing: range = range(0)) -> LedgerProgress:
    return LedgerProgress(ledger, "main-gate", Tip(through, "x"), missing)


def wanted(absent: Absent) -> list[tuple[str, range]]:
    return [(want.ledger, want.missing) for want in absent]


def test_gap_is_wanted_until_it_is_filled() -> None:
    absent = Absent()
    absent.stands(standing("a", 2, range(3, 5)))
    assert list(absent) == [Wanted("a", "main-gate", range(3, 5))]
    absent.stands(standing("a", 9))
    assert wanted(absent) == []


def test_what_a_gate_says_it_has_is_wanted_until_it_is_held() -> None:
    absent = Absent()
    absent.told("main-gate", "a", 9, through=3)
    absent.stands(standing("a", 5))
    assert wanted(absent) == [("a", range(6, 10))]
    absent.told("main-gate", "a", 4, through=5)  # An older message: nothing is taken back.
    assert wanted(absent) == [("a", range(6, 10))]
    absent.stands(standing("a", 9))
    assert wanted(absent) == []


def test_status_of_what_is_held_wants_nothing() -> None:
    absent = Absent()
    absent.told("main-gate", "a", 9, through=9)
    assert wanted(absent) == []


def test_statuses_and_gaps_without_end_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 10)
    absent = Absent()
    for number in range(100):
        absent.told("main-gate", f"told-{number}", 9, through=0)
        absent.told(f"gate-{number}", f"of-{number}", 9, through=0)
        absent.stands(standing(f"gap-{number}", 1, range(2, 9)))
    assert len(wanted(absent)) <= 10
    assert len(absent._told) <= 10
