"""What is to be decided about gates: whose a ledger is, and which gate has a new name."""

from collections.abc import Iterator

from ...databases.database import Database
from ...writers import other_writers, successors
from .items import KEEP, Item, Proposal, Step


def writing(database: Database) -> Iterator[Item]:
    """Two gates send the same ledger. To leave it to the one that has it is proposed first: what
    the other one holds stays there, and comes whenever it is decided otherwise."""
    for one in other_writers(database):
        step = Step(what="owner", ledger=one.ledger, gate=one.gate)
        yield Item(
            kind="other-writer", gate=one.gate, other_gate=one.owner, ledger=one.ledger,
            not_before=one.since, proposals=[KEEP, Proposal(name="owner", steps=[step])],
        )  # fmt: skip


def going_on(database: Database) -> Iterator[Item]:
    """A gate names a ledger of another one as its own former one: once for each two of them."""
    told: set[tuple[str, str]] = set()
    for one in successors(database):
        if (one.gate, one.former) in told:
            continue
        told.add((one.gate, one.former))
        step = Step(
            what="successor", ledger=one.ledger, seq=1, gate=one.gate, other_gate=one.former
        )
        proposals = [Proposal(name="successor", steps=[step]), KEEP]
        yield Item(
            kind="second-successor" if one.second else "successor",
            gate=one.gate, other_gate=one.former, ledger=one.ledger, not_before=one.since,
            proposals=proposals[::-1] if one.second else proposals,
        )  # fmt: skip
