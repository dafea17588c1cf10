"""What a gate that was taken over can fill at payroll; an honest one loses nothing by it."""

import logging
from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest

from edge_agent.contract.bounds import LARGEST_ENTRY, LARGEST_KEPT
from edge_agent.contract.chain import Entry, seal
from edge_agent.contract.errors import StoreFault
from edge_agent.receiver import project
from edge_agent.receiver import store as stores
from edge_agent.receiver.accept import Arrival, MalformedEntry, read
from edge_agent.receiver.databases import open_database
from edge_agent.receiver.databases.database import Database, Unfit
from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.take_in import TakeIn
from edge_agent.receiver.telling import Teller

from .gate import write_ledger
from .running import rows

AT = "2026-11-23T00:00:00.000Z"


def arrivals(*entries: Entry, gate: str = "main-gate") -> list[Arrival]:
    return [read(gate, entry.wire) for entry in entries]


@pytest.fixture
def store(database: str) -> Iterator[PayrollStore]:
    with closing(PayrollStore(database)) as store:
        yield store


def other(entry: Entry, number: int, prevhash: bytes) -> Arrival:
    """Another entry in the same place."""
    data = msgspec.json.decode(entry.wire)["data"] | {"more": number}
    return read("main-gate", msgspec.json.encode(seal("main-gate", data, prevhash)))


def test_forks_are_kept_up_to_a_bound_and_honest_gates_go_on(
    store: PayrollStore,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(stores, "MOST_FORKS", 30)
    teller = Teller()
    ours, honest = write_ledger(3, "a"), write_ledger(5, "b", gate="other-gate")
    store.take(arrivals(*ours), AT)
    dropped = 0
    for first in range(0, 100, 10):
        forks = [other(ours[2], number, ours[1].hash) for number in range(first, first + 10)]
        taken = store.take([*forks, *arrivals(honest[first // 25], gate="other-gate")], AT)
        dropped += taken.dropped.get("a", 0)
        teller.tell(taken)
    assert rows(database, "SELECT count(*) FROM forks") == [(30,)]
    assert dropped == 70
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len([line for line in told if line.startswith("fork ")]) == 1
    assert len([line for line in told if line.startswith("dropped gate=main-gate ledger=a")]) == 1
    progress = {one.ledger: one.tip for one in store.progress()}
    assert (progress["a"].through, progress["a"].hash) == (3, ours[2].hash.hex())
    assert progress["b"].through == 4
    # What the ledger goes on with is taken all the same.
    (fourth,) = write_ledger(4, "a", after=ours)[3:]
    assert store.take(arrivals(fourth), AT).progress[0].tip.through == 4


def test_what_lies_beyond_a_gap_is_kept_up_to_a_bound_and_comes_again(
    store: PayrollStore, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "MOST_BEYOND", 20)
    entries = write_ledger(60, "a")
    store.take(arrivals(entries[0]), AT)
    taken = [store.take(arrivals(entry), AT) for entry in entries[5:]]
    assert sum(one.dropped.get("a", 0) for one in taken) == 55 - 20
    # What is missing comes, and then what was left out.
    assert store.take(arrivals(*entries[1:5]), AT).progress[0].tip.through == 25
    assert store.take(arrivals(*entries[25:]), AT).progress[0].tip.through == 60
    assert rows(database, "SELECT count(*) FROM entries") == [(60,)]


def long_entry(before: Entry, size: int) -> bytes:
    data = msgspec.json.decode(before.wire)["data"]
    data |= {"seq": before.seq + 1, "kind": "print.restored", "origin": "x" * size}
    return msgspec.json.encode(seal("main-gate", data, before.hash))


def test_an_entry_that_no_gate_writes_any_more_is_unreadable_and_the_ledger_goes_on(
    store: PayrollStore, database: str
) -> None:
    first = write_ledger(1, "a")[0]
    wire = long_entry(first, LARGEST_ENTRY)
    long = read("main-gate", wire)
    taken = store.take([*arrivals(first), long], AT)
    assert taken.progress[0].tip.through == 2
    assert [(one.seq, one.reason) for one in taken.progress[0].rejected] == [(2, "unreadable")]
    with pytest.raises(MalformedEntry, match="longer than"):
        read("main-gate", long_entry(first, LARGEST_KEPT))
    # A later version reads all entries anew, and comes to the same.
    store.close()
    with closing(open_database(database, alone=True)) as again:
        with again.transaction():
            project.project_anew(again)
        assert again.query("SELECT seq, reason FROM rejections") == [(2, "unreadable")]


def test_what_the_database_does_not_take_is_one_entry_s_fault(
    store: PayrollStore,
    database: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, second, third = arrivals(*write_ledger(3, "a"))
    # No type lets it through: a fault of ours.
    odd = msgspec.structs.replace(second, worker="Mây\ud800")
    with pytest.raises(Unfit) as refused:
        store.take([odd], AT)
    assert "Mây" not in str(refused.value)
    TakeIn().keep(store, [first, odd, third])
    assert rows(database, "SELECT seq, kind <> '' FROM entries ORDER BY seq")[1][0] == 2
    assert [one.tip.through for one in store.progress()] == [3]
    assert rows(database, "SELECT seq, reason FROM rejected") == [(2, "unreadable")]
    assert "set-aside gate=main-gate ledger=a seq=2" in caplog.text


def test_no_fault_of_a_database_quotes_a_row(database: str) -> None:
    with closing(open_database(database, alone=True, may_be_new=True)) as opened:
        opened.adopt()
        opened.execute("CREATE TABLE t (name TEXT NOT NULL CHECK (name <> 'Mây'), n BIGINT)")
        told = []
        for values in (("Mây", 1), (None, 1), ("Mây", 2**70)):
            with pytest.raises((Unfit, StoreFault)) as refused:
                opened.insert("t", ("name", "n"), [values])
            told.append(str(refused.value))
        assert "Mây" not in "".join(told)
        with pytest.raises(StoreFault):  # The control: it is the statement that is wrong here.
            opened.query("SELECT nothing FROM t")


def add_two(opened: Database) -> None:
    with opened.transaction():
        opened.execute("INSERT INTO t VALUES (?)", [2])
        opened.insert("t", ("n",), [(None,)])


def test_a_part_of_a_transaction_fails_alone(database: str) -> None:
    with closing(open_database(database, alone=True, may_be_new=True)) as opened:
        opened.adopt()
        opened.execute("CREATE TABLE t (n BIGINT NOT NULL)")
        with opened.transaction():
            opened.execute("INSERT INTO t VALUES (?)", [1])
            with pytest.raises(Unfit):
                add_two(opened)
            opened.execute("INSERT INTO t VALUES (?)", [3])
        assert opened.query("SELECT n FROM t ORDER BY n") == [(1,), (3,)]
