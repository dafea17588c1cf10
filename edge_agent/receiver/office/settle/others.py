"""What is to be decided beside the sessions: punches without a time or a worker,
entries, and gates: whose a ledger is, and which gate has a new name."""

from collections import defaultdict
from collections.abc import Iterator

from ....contract.corrections import ONE_PRESS_MS
from ....contract.people import look_alikes
from ....contract.stamps import local_time, parse_time
from ...databases.database import Database
from ...effects import UNREADABLE
from ...worktime.shifts import ZONE
from ...writers import other_writers, successors
from ..period import Period
from .items import KEEP, Item, ItemPress, Proposal, Step, belongs, typed


def undated(database: Database) -> Iterator[Item]:
    """Punches that count, and of which nobody knows the time, or not yet."""
    for code, gate, direction, state, low, high, ledger, seq in database.query(
        "SELECT code, gate, direction, state, not_before, not_after, ledger, seq FROM judged"
        " WHERE at IS NULL AND state IN ('no-time', 'pending-time') ORDER BY ledger, seq"
    ):
        press = ItemPress(
            ledger=ledger, seq=seq, gate=gate, direction=direction, not_before=low, not_after=high
        )
        void = Step(what="void", ledger=ledger, seq=seq)
        yield Item(
            kind=state, code=code, gate=gate, not_before=low, not_after=high, presses=[press],
            proposals=[
                *(
                    Proposal(name=name, steps=[Step(what="move", ledger=ledger, seq=seq, at=at)])
                    for name, at in _bounds(low, high)
                ),
                Proposal(name="void", steps=[void]),
                KEEP,
            ],
        )  # fmt: skip


def _bounds(low: str | None, high: str | None) -> list[tuple[str, str | None]]:
    """The earliest and the latest that it may have been, to the whole minute within them.

    Not at them, where that can be: another press may stand there, and two within a minute are one.
    """
    first = None if low is None else -(-parse_time(low) // ONE_PRESS_MS) * ONE_PRESS_MS
    last = None if high is None else parse_time(high) // ONE_PRESS_MS * ONE_PRESS_MS
    if first is not None and (last is None or first + ONE_PRESS_MS < last):
        first += ONE_PRESS_MS
    if last is not None and (first is None or first < last - ONE_PRESS_MS):
        last -= ONE_PRESS_MS
    told = {"earliest": first, "latest": last}
    found: list[tuple[str, str | None]] = [
        (name, typed(local_time(int(at_ms), ZONE))) for name, at_ms in told.items() if at_ms
    ]
    return found or [("move", None)]


def _minute(at_ms: float) -> str:
    return local_time(int(at_ms // 60_000 * 60_000), ZONE)


def unknown(database: Database, period: Period) -> Iterator[Item]:
    """Presses of somebody whom no roster names: those of one code are one thing to decide."""
    presses: dict[str, list[ItemPress]] = defaultdict(list)
    for code, gate, at, day, direction, low, high, ledger, seq in database.query(
        "SELECT code, gate, at, day, direction, not_before, not_after, ledger, seq FROM judged"
        " WHERE state = 'rejected' ORDER BY code, at_ms, ledger, seq"
    ):
        press = ItemPress(
            ledger=ledger, seq=seq, at=at, gate=gate, direction=direction,
            not_before=low, not_after=high,
        )  # fmt: skip
        if belongs(Item(kind="fork", date=day, not_before=low, not_after=high), period):
            presses[code].append(press)
    known = [code for (code,) in database.query("SELECT code FROM known_workers")]
    for code, pressed in presses.items():
        voids = [Step(what="void", ledger=one.ledger, seq=one.seq) for one in pressed]
        proposals = [Proposal(name="void-unknown", steps=voids), KEEP]
        for meant in look_alikes(code, known)[:1]:
            adds = [
                Step(what="add", code=meant, at=one.at, gate=one.gate, direction=one.direction)
                for one in pressed
            ]
            if all(one.at for one in pressed):
                both = Proposal(name="of-another", steps=[*voids, *adds], meant=meant)
                proposals.insert(0, both)
        dates = [one.at[:10] for one in pressed if one.at]
        yield Item(
            kind="unknown-worker", code=code, presses=pressed, proposals=proposals,
            date=dates[0] if dates else None,
            not_before=pressed[0].not_before, not_after=pressed[-1].not_after,
        )  # fmt: skip


_NEAR = """(SELECT o.at FROM entries o WHERE o.ledger = e.ledger AND o.at IS NOT NULL
    AND o.seq {} e.seq ORDER BY o.seq {} LIMIT 1)"""
_BEFORE, _AFTER = _NEAR.format("<", "DESC"), _NEAR.format(">", "ASC")


def unreadable(database: Database) -> Iterator[Item]:
    for ledger, seq, gate, low, high in database.query(
        f"SELECT e.ledger, e.seq, e.gate, {_BEFORE}, COALESCE({_AFTER}, e.received_at)"
        " FROM rejected j JOIN entries e ON e.ledger = j.ledger AND e.seq = j.seq"
        " WHERE j.reason = ? ORDER BY e.ledger, e.seq",
        [UNREADABLE],
    ):
        void = Step(what="void", ledger=ledger, seq=seq)
        yield Item(
            kind="unreadable", gate=gate, ledger=ledger, seqs=[seq],
            not_before=low, not_after=high,
            proposals=[Proposal(name="void-unreadable", steps=[void])],
        )  # fmt: skip


def forks(database: Database) -> Iterator[Item]:
    """What two cards contradict each other about, a ledger at a time and a day at a time."""
    found: dict[tuple[str, str, str], list[ItemPress]] = defaultdict(list)
    for ledger, seq, gate, at, received_at in database.query(
        "SELECT ledger, seq, gate, at, received_at FROM forks ORDER BY ledger, seq, hash"
    ):
        day = (at or _minute(parse_time(received_at)))[:10]
        found[ledger, gate, day].append(ItemPress(ledger=ledger, seq=seq, at=at, gate=gate))
    for (ledger, gate, day), presses in found.items():
        seqs = sorted({one.seq for one in presses})
        yield Item(
            kind="fork", gate=gate, ledger=ledger, date=day, seqs=seqs,
            presses=presses, proposals=[KEEP],
        )  # fmt: skip


def gaps(database: Database) -> Iterator[Item]:
    """Entries that a gate has written and that have not come."""
    for ledger, gate, through, beyond, low, high in database.query(
        "SELECT l.ledger, l.gate, l.through, l.beyond,"
        " (SELECT o.at FROM entries o WHERE o.ledger = l.ledger AND o.seq <= l.through"
        " AND o.at IS NOT NULL ORDER BY o.seq DESC LIMIT 1),"
        " (SELECT o.at FROM entries o WHERE o.ledger = l.ledger AND o.seq >= l.beyond"
        " AND o.at IS NOT NULL ORDER BY o.seq LIMIT 1)"
        " FROM ledgers l WHERE l.beyond IS NOT NULL ORDER BY l.gate, l.ledger"
    ):
        yield Item(
            kind="gap", gate=gate, ledger=ledger, seqs=[through + 1, beyond - 1],
            not_before=low, not_after=high, proposals=[KEEP],
        )  # fmt: skip


def renamed(database: Database) -> Iterator[Item]:
    """A code that a roster gave to another person: whose a press is depends on when it was."""
    for code, name, until_ms in database.query(
        "SELECT code, name, until_ms FROM former_names ORDER BY code, until_ms"
    ):
        at = local_time(until_ms, ZONE)
        presses = [
            ItemPress(ledger=ledger, seq=seq, at=pressed_at, gate=gate, direction=way)
            for ledger, seq, pressed_at, gate, way in database.query(
                "SELECT ledger, seq, at, gate, direction FROM judged WHERE code = ? AND day = ?"
                " AND state = 'valid' ORDER BY at_ms, ledger, seq",
                [code, at[:10]],
            )
        ]
        yield Item(
            kind="renamed", code=code, date=at[:10], not_after=at, former_name=name,
            presses=presses, proposals=[KEEP],
        )  # fmt: skip


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
