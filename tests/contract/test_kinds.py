"""What each kind of entry is for whoever reads a ledger: payroll is paid by it."""

from edge_agent.contract.facts import Fact
from edge_agent.contract.kinds import (
    AMENDMENTS,
    CREDITS,
    KINDS,
    MARKS,
    MOVING_TIMES,
    RECORDED,
    RECORDING,
    RECOVERED,
    TOUCHES,
    kind_of,
)


def test_what_each_kind_is() -> None:
    assert {"clock.stepped", "punch.time-corrected"} == MOVING_TIMES
    assert {"punch.recorded", "punch.added", "punch.recovered"} == CREDITS
    assert CREDITS | {"punch.repeated"} == MARKS
    assert {"punch.recorded", "punch.repeated", "attempt.refused"} == TOUCHES
    assert {"gate.alive", "recording.stopped", "recording.resumed"} == RECORDING
    assert AMENDMENTS == {
        "punch.time-resolved": "time",
        "punch.time-corrected": "time",
        "punch.directed": "direction",
        "punch.voided": "void",
    }
    assert (RECORDED, RECOVERED) == ("punch.recorded", "punch.recovered")


def test_what_names_a_punch_is_a_mark_or_amends_one() -> None:
    punches = {kind_of(fact) for fact in KINDS if kind_of(fact).startswith("punch.")}
    assert punches == MARKS | AMENDMENTS.keys()


def test_an_amendment_says_of_which_punch() -> None:
    amending = [fact for fact in KINDS if fact.amends]
    assert all("of" in fact.__struct_fields__ for fact in amending)


def test_no_kind_stands_elsewhere() -> None:
    """KINDS is drawn from two modules: a class in a third would be written and never read."""
    ours = [fact for fact in Fact.__subclasses__() if fact.__module__.startswith("edge_agent.")]
    assert set(ours) == set(KINDS)
