"""Workers and prints, and what is remembered beside the ledger."""

from pathlib import Path

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore

from .ledgers import ALIVE, NOON, open_store, seqs

LAN = Worker(code="007", name="Nguyễn Thị Lan")
LANS = Print(worker="007", finger="right-index", slot=3, generation=1)


def put(store: SqliteStore, *things: Worker | Print, drop: Print | None = None) -> None:
    with store.changing() as change:
        for thing in things:
            if isinstance(thing, Worker):
                change.put_worker(thing)
            else:
                change.put_print(thing, bytes(32))
        if drop:
            change.drop_print(drop)
        change.append(ALIVE, NOON)


def test_codes_keep_their_zeros(store: SqliteStore) -> None:
    put(store, LAN, Worker(code="7", name="Minh"), Worker(code="07", name="Hoa", active=False))
    assert store.worker("007") == LAN
    assert [worker.code for worker in store.workers()] == ["007", "07", "7"]
    assert store.worker("07") == Worker(code="07", name="Hoa", active=False)
    assert store.worker("0007") is None


def test_a_worker_is_replaced_by_one_with_the_same_code(store: SqliteStore) -> None:
    left = Worker(code="007", name="Lan", active=False)
    put(store, LAN, LANS)
    put(store, left)
    assert store.workers() == [left]
    assert store.prints() == [LANS]


def test_a_slot_used_again_is_in_its_next_generation(store: SqliteStore) -> None:
    assert store.next_generation(3) == 1
    put(store, LAN, LANS)
    assert store.next_generation(3) == 2
    put(store, drop=LANS)
    assert store.prints() == []
    assert store.next_generation(3) == 2
    again = Print(worker="007", finger="left-thumb", slot=3, generation=2)
    put(store, again)
    assert store.prints() == [again]
    put(store, drop=again)
    assert store.next_generation(3) == 3
    assert store.next_generation(4) == 1


@pytest.mark.parametrize(
    "second",
    [
        Print(worker="007", finger="left-index", slot=3, generation=2),
        Print(worker="007", finger="right-index", slot=4, generation=1),
        Print(worker="008", finger="left-index", slot=5, generation=1),
        Print(worker="007", finger="left-index", slot=-1, generation=1),
        Print(worker="007", finger="left-index", slot=5, generation=0),
    ],
    ids=["slot taken", "finger enrolled", "no such worker", "no such slot", "no generation"],
)
def test_what_contradicts_itself_is_not_written(store: SqliteStore, second: Print) -> None:
    put(store, LAN, LANS)
    with pytest.raises(StoreFault):
        put(store, second)
    assert store.prints() == [LANS]
    assert seqs(store) == [1, 2]


def test_people_outlive_a_restart(tmp_path: Path) -> None:
    first = open_store(tmp_path)
    put(first, LAN, LANS)
    first.move_watermarks(Watermarks(2, 1, 7))
    first.remember("sensor", "/dev/serial0")
    first.remember("sensor", "/dev/ttyUSB0")
    first.close()
    again = open_store(tmp_path)
    assert again.workers() == [LAN]
    assert again.prints() == [LANS]
    assert again.watermarks() == Watermarks(2, 1, 7)
    assert again.remembered("sensor") == "/dev/ttyUSB0"
    assert again.remembered("panel") is None
    again.close()
