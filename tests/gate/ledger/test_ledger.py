"""The ledger: every entry in its place, whoever writes it."""

import json
import sqlite3
import threading
from pathlib import Path

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from tests.patience import PATIENCE_S

from .ledgers import ALIVE, GATE, NOON, ZONE, append, open_store, punch, seqs


def test_the_first_entry_says_who_writes_here(store: SqliteStore) -> None:
    (entry,) = store.entries(1, 10)
    data = json.loads(entry.wire)["data"]
    assert (entry.seq, data["kind"], data["why"]) == (1, "ledger.opened", "first-start")
    assert (data["gate"], data["zone"]) == (GATE, "Asia/Ho_Chi_Minh")
    assert data["ledger"] == store.ledger
    assert store.watermarks() == Watermarks(0, 0)


def test_the_ledger_goes_on_after_a_restart(tmp_path: Path) -> None:
    first = open_store(tmp_path)
    tail = append(first)
    first.close()
    again = open_store(tmp_path)
    assert again.ledger == first.ledger
    assert (again.tail().seq, again.tail().hash) == (2, tail.hash)
    assert append(again).seq == 3
    assert verify_ledger(again).seq == 3
    again.close()


def test_a_transaction_may_write_several_entries(store: SqliteStore) -> None:
    with store.changing() as change:
        written = [change.append(fact, NOON) for fact in (ALIVE, punch(), ALIVE)]
    assert store.entries(2, 10) == written
    assert seqs(store) == [1, 2, 3, 4]
    assert verify_ledger(store).hash == written[-1].hash


def test_entries_are_read_in_pieces(store: SqliteStore) -> None:
    for _ in range(5):
        append(store)
    assert [entry.seq for entry in store.entries(2, 3)] == [2, 3, 4]
    assert [entry.seq for entry in store.entries(6, 3)] == [6]
    assert store.entries(7, 3) == []
    assert store.hash_of(6) == store.tail().hash
    assert store.hash_of(7) is store.hash_of(0) is None


@pytest.mark.parametrize("error", [ValueError, StoreFault, KeyboardInterrupt, sqlite3.DataError])
def test_what_fails_half_way_leaves_no_gap(store: SqliteStore, error: type[BaseException]) -> None:
    def write() -> None:
        with store.changing() as change:
            change.append(punch(), NOON)
            change.append(ALIVE, NOON)
            raise error("boom")

    with pytest.raises(StoreFault if error is sqlite3.DataError else error):
        write()
    assert append(store).seq == 2
    assert seqs(store) == [1, 2]
    assert verify_ledger(store).seq == 2


def test_threads_with_their_own_connections_lose_nothing(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    written: dict[int, bytes] = {}
    begin = threading.Barrier(3)

    def write() -> None:
        mine = open_store(tmp_path)
        begin.wait(PATIENCE_S)
        for _ in range(60):
            entry = append(mine, punch())
            written[entry.seq] = entry.hash
        mine.close()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    store = open_store(tmp_path)
    assert sorted(written) == list(range(2, 182))
    assert {entry.seq: entry.hash for entry in store.entries(2, 1000)} == written
    assert verify_ledger(store).seq == 181
    store.close()


def test_the_ledger_of_another_gate_is_left_alone(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    before = (tmp_path / "gate.db").read_bytes()
    with pytest.raises(StoreFault, match=r"belongs to gate 'main-gate'.*id is 'east'"):
        open_store(tmp_path, gate="east")
    assert (tmp_path / "gate.db").read_bytes() == before


def test_two_gates_never_share_a_ledgers_name(tmp_path: Path) -> None:
    stores = [SqliteStore.open(tmp_path / f"{number}.db", GATE, ZONE, NOON) for number in range(2)]
    assert stores[0].ledger != stores[1].ledger
    for store in stores:
        store.close()
