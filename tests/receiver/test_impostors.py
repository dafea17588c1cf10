"""Gates, clones, renamed gates and a hostile one, as one model: whatever the hostile one sends, in
whatever order it all arrives, an honest gate's workers are paid the same, and it alone is answered.

A person answers as the technician would: the honest gate's new name is its own, and so is a ledger
that the hostile one was the first to open.
"""

from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from msgspec import Struct

from edge_agent.receiver.accept import Arrival
from edge_agent.receiver.office.journal import Who
from edge_agent.receiver.office.period import period_of
from edge_agent.receiver.office.settle.settle import settle, take
from edge_agent.receiver.store import PayrollStore

from .running import rows
from .test_effects import AT, Ledger, opened, time

EVIL = "evil"
MONTH = period_of("2026-11", None, None)


class Lie(Struct, frozen=True):
    """What the hostile gate writes after ``after`` entries of what it takes for its ledger: that is
    ``where``, an honest one's or its own; about an honest ledger's entry ``seq``.
    """

    what: str
    where: str
    after: int
    about: str
    seq: int


def site() -> dict[str, Ledger]:
    """A gate, the same one under its next ledger, a clone of its card, and its new name; and a gate
    of whose first ledger nothing has come to payroll (``lost``).
    """
    main = Ledger("a")
    opened(main)
    main.punch("23 07:00", "in", "NV1")
    main.punch(None, "out", "NV2")
    main.punch("23 07:05", "in", "NV3")
    clone = main.branch()
    main.write("punch.voided", of=4, reason="entry-error")
    main.write("punch.time-resolved", of=3, at=time("23 16:00"), uncertainty_ms=5)
    clone.punch("23 17:00", "out", "NV4")
    after = Ledger("c")
    opened(after, "forked", previous=clone)
    after.recover(clone.arrivals[4])
    renamed = Ledger("n", gate="north")
    opened(renamed, "other-gate-id", previous=main)
    of = renamed.recover(main.arrivals[1])
    renamed.write("punch.voided", of=of, reason="entry-error")
    renamed.punch("24 07:00", "in", "NV1")
    lost = Ledger("lost", gate="far")
    opened(lost)
    lost.punch("23 07:00", "in", "NV5")
    lost.punch(None, "out", "NV5")
    found = Ledger("z", gate="far")
    opened(found, "damaged", previous=lost)
    found.recover(lost.arrivals[1])
    of = found.recover(lost.arrivals[2])
    found.write("punch.time-resolved", of=of, at=time("23 16:00"), uncertainty_ms=5)
    return {"a": main, "clone": clone, "c": after, "n": renamed, "lost": lost, "z": found}


HONEST = ("a", "c", "n", "z")
"""The ledgers that come to payroll."""


def written(honest: dict[str, Ledger]) -> list[Arrival]:
    return [one for name, ledger in honest.items() if name != "lost" for one in ledger.arrivals]


WHAT = ("opened", "punch", "voided", "time", "direction", "recovered", "alive")


def lie(random: Random) -> Lie:
    return Lie(
        what=random.choice(WHAT),
        where=random.choice((*HONEST, "lost", "e", "e2")),
        after=random.randint(0, 7),
        about=random.choice(("a", "clone", "c", "n", "lost", "z")),
        seq=random.randint(1, 8),
    )


def told(lie: Lie, honest: dict[str, Ledger]) -> list[Arrival]:
    """The entry, sealed as it should be, and in a ledger of its own what has to stand before it."""
    known = honest.get(lie.where)
    ledger = Ledger(lie.where, gate=EVIL)
    about = honest[lie.about].arrivals
    aim = about[min(lie.seq, len(about)) - 1]
    if known is None:
        opened(ledger, "other-gate-id", previous=honest[lie.about])
    elif lie.where == "lost":
        opened(ledger)
    else:
        ledger.arrivals = known.arrivals[: lie.after]
        if ledger.arrivals:
            ledger._hash = bytes.fromhex(ledger.arrivals[-1].hash)
    before = len(ledger.arrivals) if lie.where in HONEST else 0
    of: Any = lie.seq
    if known is None and aim.worker is not None:
        of = ledger.recover(aim)
    match lie.what:
        case "opened":
            opened(ledger, "damaged", previous=honest[lie.about])
        case "punch":
            ledger.punch("23 07:01", "out", "NV1")
        case "voided":
            ledger.write("punch.voided", of=of, reason="entry-error")
        case "time":
            ledger.write("punch.time-resolved", of=of, at=time("25 01:00"), uncertainty_ms=1)
        case "direction":
            ledger.write("punch.directed", of=of, direction="out", direction_source="key")
        case "recovered" if aim.worker is not None:
            ledger.recover(aim)
        case _:
            ledger.write("gate.alive", time("25 01:00"), recording=True, version="1")
    return ledger.arrivals[before:]


def decide(store: PayrollStore) -> None:
    """What a person does who has seen the gates: the list of what is left to settle."""
    who = Who.said("office-1", "seen", AT)
    for item in settle(store._database, MONTH, AT):
        renamed = item.kind.endswith("successor") and item.other_gate != EVIL
        if item.gate == EVIL or not (renamed or item.kind == "other-writer"):
            continue
        (number,) = (n for n, one in enumerate(item.proposals, 1) if one.name != "keep")
        take(store._database, who, item, number)


def paid(
    lies: list[Arrival],
    batches: list[list[Arrival]],
    honest: list[Arrival],
    database: str | None = None,
) -> Any:
    """What counts of the honest gates' punches in the end, and who was answered for their ledgers.

    They send again what has no receipt yet, in order.
    """
    with TemporaryDirectory() as folder:
        database = database or str(Path(folder, "payroll.db"))
        with closing(PayrollStore(database)) as store:
            for batch in batches:
                store.take(batch, AT)
            for _ in range(2):  # What a ledger says is known only once it is its own gate's.
                store.take(honest, AT)
                decide(store)
            progress = store.take(honest, AT).progress
            answered = {(one.ledger, one.gate, one.tip.hash) for one in progress}
            foreign = store.take(lies, AT).progress
            assert not {one.ledger for one in foreign} & set(HONEST)
        counted = rows(
            database,
            "SELECT ledger, seq, code, at, direction, state FROM judged"
            f" WHERE ledger IN {HONEST} ORDER BY ledger, seq",
        )
        return answered, counted


@cache
def without() -> Any:
    return paid([], [], written(site()))


@pytest.mark.parametrize("seed", range(40))
def test_no_hostile_gate_changes_what_an_honest_ones_worker_is_paid(seed: int) -> None:
    nobody_is_paid_otherwise(seed)


@pytest.mark.parametrize("seed", range(40, 44))
def test_nor_where_the_database_is_a_server(
    seed: int, new_postgresql_database: Callable[[], str]
) -> None:
    nobody_is_paid_otherwise(seed, new_postgresql_database())


def nobody_is_paid_otherwise(seed: int, database: str | None = None) -> None:
    random = Random(seed)
    lies = [lie(random) for _ in range(random.randint(0, 6))]
    honest = site()
    false = [one for each in lies for one in told(each, honest)]
    true = written(honest)
    order = list(false)
    random.shuffle(order)
    batches: list[list[Arrival]] = []
    for one in true[: random.randrange(len(true) + 1)]:
        while order and random.random() < 0.5:
            batches.append([order.pop()])
        batches.append([one])
    batches += [[one] for one in order]
    assert paid(false, batches, true, database) == without()


def test_the_model_sees_who_writes_into_anothers_ledger() -> None:
    """The control: the same words by the gate itself do change what is paid."""
    honest = site()
    true = written(honest)
    honest["a"].write("punch.voided", of=2, reason="entry-error")
    assert paid([], [], [*true, honest["a"].arrivals[-1]]) != without()
