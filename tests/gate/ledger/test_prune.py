"""Pruning: nothing that payroll may miss, and a chain that can still be checked."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from edge_agent.contract.facts import GateAlive
from edge_agent.contract.messages import Receipt, Reply, Resend
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.errors import DamagedLedger
from edge_agent.gate.ledger.expire import Pruner
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.rules import Policy
from edge_agent.gate.uplink.commands import read_command
from edge_agent.gate.uplink.inbox import Ignored, read_receipt

from .ledgers import ALIVE, GATE, ZONE, append, later, open_store, punch, unsynced

DAY_MS = 86_400_000
ENTRIES = 300
POLICY = Policy(repeat_window_ms=0, direction=DirectionRule.NONE, zone=ZONE)


class Later:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = later(0)
        self.seconds = 0.0

    def stamp(self) -> Stamp:
        return self.now

    def monotonic(self) -> float:
        self.seconds += 61
        return self.seconds


@pytest.fixture
def clock() -> Later:
    return Later()


@pytest.fixture
def gate(tmp_path: Path, clock: Later) -> Iterator[Recorder]:
    """One entry a day, the last one today; payroll holds all but the last ten."""
    store = open_store(tmp_path)
    for day in range(1, ENTRIES):
        append(store, punch() if day % 2 else ALIVE, later(day * 2 * DAY_MS))
    store.move_watermarks(Watermarks(ENTRIES - 5, ENTRIES - 10))
    clock.now = later(ENTRIES * 2 * DAY_MS)
    yield Recorder(store, clock, lambda event: None, POLICY)
    store.close()


def prune(gate: Recorder, months: int | None = 13, turns: int = 50) -> int:
    pruner = Pruner(gate, months)
    for _ in range(turns):
        pruner.turn()
    return gate.store.checkpoint().seq


def seqs(gate: Recorder) -> list[int]:
    return [entry.seq for entry in gate.store.entries(1, 1000)]


def test_nothing_is_pruned_unless_asked_for(gate: Recorder) -> None:
    assert prune(gate, months=None) == 0
    assert seqs(gate) == list(range(1, ENTRIES + 1))


def test_nothing_is_pruned_by_a_battery_s_clock(gate: Recorder, clock: Later) -> None:
    """It may have leapt since it proved itself."""
    synced = clock.now
    clock.now = structs.replace(synced, boot="another", state=ClockState.HOLDOVER)
    assert prune(gate) == 0
    clock.now = structs.replace(clock.now, state=ClockState.SYNCED)
    assert prune(gate) > 0


def test_what_is_younger_stays(gate: Recorder) -> None:
    pruned = prune(gate)
    # 600 days in all, 403 of which are kept: entry n was written on day 2 (n - 1).
    assert pruned == (600 - 13 * 31) // 2 + 1
    assert seqs(gate) == list(range(pruned + 1, ENTRIES + 1))
    assert verify_ledger(gate.store) == gate.store.tail()
    append(gate.store, punch(), gate.clock.stamp())
    assert verify_ledger(gate.store).seq == ENTRIES + 1


def test_what_payroll_has_not_confirmed_stays(gate: Recorder, clock: Later) -> None:
    clock.now = later(100_000 * DAY_MS)
    assert prune(gate) == ENTRIES - 10
    gate.store.move_watermarks(Watermarks(ENTRIES, ENTRIES))
    assert prune(gate) == ENTRIES - 1, "the last entry is the end of the chain"
    assert verify_ledger(gate.store).seq == ENTRIES


def test_a_punch_without_its_time_stays(gate: Recorder, clock: Later) -> None:
    append(gate.store, punch("008"), unsynced(0, boot="b"))
    gate.store.move_watermarks(Watermarks(ENTRIES + 1, ENTRIES + 1))
    for _ in range(3):
        append(gate.store, ALIVE, later(ENTRIES * 2 * DAY_MS))
    gate.store.move_watermarks(Watermarks(ENTRIES + 4, ENTRIES + 4))
    clock.now = later(100_000 * DAY_MS)
    assert prune(gate) == ENTRIES


def test_a_gate_that_does_not_know_the_time_prunes_nothing(gate: Recorder, clock: Later) -> None:
    clock.now = unsynced(100_000 * DAY_MS)
    assert prune(gate) == 0


def test_a_long_time_without_a_clock_is_looked_past(tmp_path: Path, clock: Later) -> None:
    store = open_store(tmp_path)
    for _ in range(350):
        append(store, GateAlive(recording=True, version="0"), unsynced(0, boot="b"))
    append(store, ALIVE, later(DAY_MS))
    append(store, ALIVE, later(DAY_MS))
    store.move_watermarks(Watermarks(353, 353))
    clock.now = later(1000 * DAY_MS)
    assert (
        prune(
            Recorder(
                store,
                clock,
                lambda event: None,
                POLICY,
            )
        )
        == 352
    )
    store.close()


def test_an_altered_entry_is_told_as_damage(tmp_path: Path, clock: Later) -> None:
    """Pruning reads what nothing else has read for months; the gate's thread goes on."""
    open_store(tmp_path).close()
    told: list[DamagedLedger] = []
    store = SqliteStore.open(tmp_path / "gate.db", GATE, ZONE, later(0), told.append)
    append(store, punch(), later(DAY_MS))
    append(store, punch(), later(2 * DAY_MS))
    store.move_watermarks(Watermarks(3, 3))
    clock.now = later(ENTRIES * 2 * DAY_MS)
    with sqlite3.connect(tmp_path / "gate.db") as plain:
        plain.execute("UPDATE ledger SET wire = x'00' WHERE seq = 2")
    plain.close()
    with closing(store):
        assert prune(Recorder(store, clock, lambda event: None, POLICY), turns=1) == 0
    assert "Entry 2 of the ledger was altered" in str(told[0])


def test_an_altered_checkpoint_is_found(gate: Recorder, tmp_path: Path) -> None:
    pruned = prune(gate)
    with closing(sqlite3.connect(tmp_path / "gate.db")) as plain:
        plain.execute("UPDATE checkpoint SET hash = zeroblob(32)")
        plain.commit()
    with pytest.raises(DamagedLedger, match=f"entry {pruned + 1} was altered: it does not follow"):
        verify_ledger(gate.store)
    with closing(sqlite3.connect(tmp_path / "gate.db")) as plain:
        plain.execute("DELETE FROM checkpoint")
        plain.commit()
    with pytest.raises(DamagedLedger, match="entry 1 is missing"):
        verify_ledger(gate.store)


def test_payroll_is_told_what_was_pruned(gate: Recorder) -> None:
    pruned = prune(gate)
    store = gate.store
    assert isinstance(store, SqliteStore)

    def resend(first: int) -> Resend | Reply | None:
        asked = Resend(id="1", ledger=store.ledger, from_=first, to=ENTRIES)
        return read_command(
            msgspec.json.encode(asked), store.ledger, ENTRIES, gate.clock.stamp(), pruned
        )

    assert resend(pruned) == Reply(id="1", command="resend", ok=False, error="pruned")
    assert isinstance(resend(pruned + 1), Resend)

    def receipt(through: int) -> Receipt | Ignored:
        said = Receipt(ledger=store.ledger, through=through, hash="0" * 64)
        if digest := store.hash_of(through):
            said = msgspec.structs.replace(said, hash=digest.hex())
        return read_receipt(msgspec.json.encode(said), store.ledger, ENTRIES, store.hash_of, pruned)

    assert isinstance(receipt(pruned), Receipt)
    # No proof of an old copy: the hash to compare with is gone.
    assert receipt(pruned - 1) == Ignored(f"the entries up to {pruned} were pruned")
