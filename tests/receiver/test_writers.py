"""Whose a ledger is, and which gate goes on with another one's: what payroll believes by itself,
and what a person decides."""

from contextlib import closing
from typing import Any

import pytest

from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.telling import Teller

from .office_desk import WHO, Desk
from .running import rows
from .test_effects import AT, Ledger, opened

LATER = "2026-11-24T00:00:00.000Z"


@pytest.fixture
def desk(database: str) -> Desk:
    return Desk(database)


def renamed() -> tuple[Ledger, Ledger]:
    """A gate under its new name withdraws a press of the old one."""
    old, new = Ledger("a"), Ledger("b", gate="north")
    opened(old)
    old.punch("23 07:00", "in")
    opened(new, "other-gate-id", previous=old)
    of = new.recover(old.arrivals[1])
    new.write("punch.voided", of=of, reason="entry-error")
    return old, new


def states(desk: Desk) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = rows(
        desk.database, "SELECT ledger, state FROM judged ORDER BY ledger, seq"
    )
    return found


def about_gates(desk: Desk) -> list[dict[str, Any]]:
    return [one for one in desk.items() if one["other_gate"]]


def decide(desk: Desk, kind: str, name: str) -> None:
    """Copy the command of an item's proposal from the list."""
    (item,) = [one for one in about_gates(desk) if one["kind"] == kind]
    (proposal,) = [one for one in item["proposals"] if one["name"] == name]
    desk.follow(proposal["command"])


def test_a_gate_under_a_new_id_goes_on_with_its_punches_once_a_person_says_so(desk: Desk) -> None:
    old, new = renamed()
    desk.take(old, new)
    assert states(desk) == [("a", "valid"), ("b", "duplicate")]
    decide(desk, "successor", "successor")
    assert states(desk) == [("a", "voided"), ("b", "duplicate")]
    assert about_gates(desk) == []
    (number,) = [row["number"] for row in desk.json("correct", "list", "--what", "successor")]
    desk.done("correct", "undo", str(number), *WHO)
    assert states(desk) == [("a", "valid"), ("b", "duplicate")]


def test_what_a_person_confirms_of_a_gate_is_paired_anew(desk: Desk) -> None:
    old, new = renamed()
    desk.take(old, new)
    in_at = "SELECT in_at FROM kept_sessions WHERE in_at IS NOT NULL"
    assert rows(desk.database, in_at) == [("2026-11-23T07:00:00.000+07:00",)]
    decide(desk, "successor", "successor")
    assert rows(desk.database, in_at) == []


def test_a_gate_keeps_its_punches_under_a_third_name(desk: Desk) -> None:
    old, new = renamed()
    third = Ledger("c", gate="south")
    opened(third, "other-gate-id", previous=new)
    third.recover(new.arrivals[1])
    third.write("punch.time-resolved", of=2, at="2026-11-23T07:30:00.000+07:00", uncertainty_ms=1)
    desk.take(old, new, third)
    told = "SELECT at FROM judged WHERE ledger = 'a'"
    for item in about_gates(desk):
        assert item["kind"] == "successor"
        desk.follow(item["proposals"][0]["command"])
    assert rows(desk.database, told) == [("2026-11-23T07:30:00.000+07:00",)]


def test_the_second_that_names_a_ledger_is_told_as_such(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = renamed()
    evil = Ledger("e", gate="evil")
    opened(evil, "damaged", previous=old)
    evil.write("punch.voided", of=evil.recover(old.arrivals[1]), reason="entry-error")
    teller = Teller()
    with closing(PayrollStore(desk.database)) as store:
        caplog.set_level("WARNING")  # Whatever another test has left it at.
        caplog.clear()
        teller.tell(store.take(old.arrivals, AT))
        assert caplog.messages == []
        teller.tell(store.take(new.arrivals, LATER))
        teller.tell(store.take(evil.arrivals, LATER.replace("24", "25")))
    honest, second = caplog.messages
    assert honest.startswith("successor gate='north' ledger=b: it says that it goes on")
    assert "another one goes on already" not in honest
    assert second.startswith("successor gate='evil' ledger=e: ")
    assert "another one goes on already" in second
    assert second.endswith("edge-agent receive settle")
    assert [item["kind"] for item in about_gates(desk)] == ["successor", "second-successor"]
    # What is proposed first changes nothing.
    (item,) = [one for one in about_gates(desk) if one["gate"] == "evil"]
    desk.follow(item["proposals"][0]["command"])
    assert states(desk)[0] == ("a", "valid")


def test_a_gate_is_not_confirmed_for_another_ones_gate(desk: Desk) -> None:
    """Who is main-gate's successor has nothing to say of far's presses."""
    old, new = renamed()
    far = Ledger("f", gate="far")
    opened(far)
    far.punch("23 08:00", "in", "NV2")
    new.write("punch.voided", of=new.recover(far.arrivals[1]), reason="entry-error")
    desk.take(old, far, new)
    decide(desk, "successor", "successor")
    assert ("f", "valid") in states(desk)


def test_a_clerk_may_void_what_a_stranger_voided_in_vain(desk: Desk) -> None:
    old, new = renamed()
    desk.take(old, new)
    desk.done("correct", "void", "a", "2", *WHO)
    assert states(desk)[0] == ("a", "voided")


def claimed() -> tuple[Ledger, Ledger]:
    """A gate's ledger, and a stranger's that has its id."""
    true, evil = Ledger("a"), Ledger("a", gate="evil")
    opened(evil)
    evil.punch("23 09:00", "in", "NV9")
    opened(true)
    true.punch("23 07:00", "in")
    return true, evil


def test_a_claimed_ledger_is_its_own_gates_once_a_person_says_so(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    true, evil = claimed()
    desk.take(evil)
    with closing(PayrollStore(desk.database)) as store:
        caplog.set_level("WARNING")  # As above.
        caplog.clear()
        Teller().tell(store.take(true.arrivals, AT))
    (said,) = caplog.messages
    assert said.startswith("foreign gate='main-gate' ledger=a: it is the ledger of gate 'evil'")
    assert said.endswith("A person decides: edge-agent receive settle (2 times)")
    decide(desk, "other-writer", "owner")
    assert "other-writer" not in desk.kinds()
    with closing(PayrollStore(desk.database)) as store:
        taken = store.take(true.arrivals, LATER)  # What has no receipt is sent again.
        assert [(one.gate, one.tip.through) for one in taken.progress] == [("main-gate", 2)]
        assert store.take(evil.arrivals, LATER).progress == []
        assert store.through("a", "evil") is None
    paid = "SELECT code, gate, state FROM punches"
    assert rows(desk.database, paid) == [("NV0042", "main-gate", "valid")]
    assert rows(desk.database, "SELECT DISTINCT gate FROM forks") == [("evil",)]


def test_the_stranger_does_not_get_back_what_a_person_has_given_away(desk: Desk) -> None:
    """Nothing of the honest gate is there yet: the stranger's opening comes first once more."""
    true, evil = claimed()
    desk.take(evil, true)
    decide(desk, "other-writer", "owner")
    desk.take(evil)
    desk.take(true)
    assert rows(desk.database, "SELECT gate, through FROM ledgers") == [("main-gate", 2)]


def test_a_stranger_that_wrote_into_a_ledger_is_told_and_left_out(desk: Desk) -> None:
    true, evil = claimed()
    desk.take(true, evil)
    (item,) = about_gates(desk)
    assert (item["kind"], item["gate"], item["other_gate"]) == (
        *("other-writer", "evil", "main-gate"),
    )
    desk.follow(item["proposals"][0]["command"])
    desk.take(evil)
    assert about_gates(desk) == []
    assert rows(desk.database, "SELECT gate, through FROM ledgers") == [("main-gate", 2)]


def test_what_counted_before_the_update_counts_after_it(desk: Desk) -> None:
    """Then, a successor of another gate counted as long as nothing more came of the old ledger."""
    old, new = renamed()
    gone_on, evil = Ledger("g", gate="gone-on"), Ledger("e", gate="evil")
    opened(gone_on)
    gone_on.punch("23 07:00", "in", "NV2")
    opened(evil, "damaged", previous=gone_on)
    evil.write("punch.voided", of=evil.recover(gone_on.arrivals[1]), reason="entry-error")
    later = Ledger("g", gate="gone-on")
    later.arrivals, later._hash = [*gone_on.arrivals], gone_on._hash
    later.alive("24 08:00", "24 08:00")
    desk.take(old, gone_on)
    desk.take(new, evil, at=LATER)
    desk.take(later, at="2026-11-25T00:00:00.000Z")
    with closing(PayrollStore(desk.database)) as store:
        store._database.execute("DELETE FROM receiver_steps WHERE name = 'writers'")
        store._database.execute("DROP TABLE other_writers")
    desk.take(later)
    assert states(desk)[0] == ("a", "voided")
    assert ("g", "valid") in states(desk)
    (row,) = desk.json("correct", "list")
    assert (row["what"], row["gate"], row["actor"]) == ("successor", "north", "edge-agent")
