"""What is known to be missing: bounded, whatever arrives."""

import pytest

from edge_agent.receiver import gaps as module
from edge_agent.receiver.accept import Tip
from edge_agent.receiver.gaps import Gap, Gaps
from edge_agent.receiver.store import LedgerProgress


def progress(ledger: str, through: int, missing: range = range(0)) -> LedgerProgress:
    return LedgerProgress(ledger, "main-gate", Tip(through, "x"), missing)


def wanted(gaps: Gaps) -> list[tuple[str, range]]:
    return [(want.ledger, want.missing) for want in gaps]


def test_gap_is_wanted_until_it_is_filled() -> None:
    gaps = Gaps()
    gaps.update(progress("a", 2, range(3, 5)))
    assert list(gaps) == [Gap("a", "main-gate", range(3, 5))]
    gaps.update(progress("a", 9))
    assert wanted(gaps) == []


def test_what_a_gate_says_it_has_is_wanted_until_it_is_held() -> None:
    gaps = Gaps()
    gaps.claimed("main-gate", "a", 9, through=3)
    gaps.update(progress("a", 5))
    assert wanted(gaps) == [("a", range(6, 10))]
    gaps.claimed("main-gate", "a", 4, through=5)  # An older message: nothing is taken back.
    assert wanted(gaps) == [("a", range(6, 10))]
    gaps.update(progress("a", 9))
    assert wanted(gaps) == []


def test_status_of_what_is_held_wants_nothing() -> None:
    gaps = Gaps()
    gaps.claimed("main-gate", "a", 9, through=9)
    assert wanted(gaps) == []


def test_statuses_and_gaps_without_end_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 10)
    gaps = Gaps()
    for number in range(100):
        gaps.claimed("main-gate", f"claimed-{number}", 9, through=0)
        gaps.claimed(f"gate-{number}", f"of-{number}", 9, through=0)
        gaps.update(progress(f"gap-{number}", 1, range(2, 9)))
    assert len(wanted(gaps)) <= 10
    assert len(gaps._claims) <= 10
