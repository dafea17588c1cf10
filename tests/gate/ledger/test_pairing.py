"""Which module the prints are in, what their templates are, and which slots are being changed."""

from contextlib import closing, suppress
from pathlib import Path

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.pairing_mark import TOKEN_BYTES, PairingMark

from .ledgers import ALIVE, NOON, Faulty, open_store
from .released import make

LAN = Worker(code="007", name="Lan")
LANS = Print(worker="007", finger="right-index", slot=3, generation=1)
DIGEST = bytes(range(32))
MARK = PairingMark(b"t" * TOKEN_BYTES, 1)


def pair(store: SqliteStore) -> None:
    with store.changing() as change:
        change.put_mark(MARK)
        change.put_worker(LAN)
        change.put_print(LANS, DIGEST)
        change.append(ALIVE, NOON)


def test_a_new_store_is_paired_with_nothing(store: SqliteStore) -> None:
    assert store.mark() is None
    assert store.announced() == []
    assert store.digests() == {}


def test_each_announcement_raises_the_counter(store: SqliteStore) -> None:
    pair(store)
    assert store.mark() == MARK
    for slot, expected in ((5, [5]), (3, [3, 5]), (5, [3, 5])):
        before = store.mark()
        with store.changing() as change:
            change.announce(slot)
        assert before
        assert store.mark() == before.raised()
        assert store.announced() == expected
    with store.changing() as change:
        change.settle(5)
        change.settle(9)
    assert store.announced() == [3]
    assert store.mark() == PairingMark(MARK.token, 4)
    with store.changing() as change:
        change.put_mark(PairingMark(b"u" * TOKEN_BYTES, 1))
    assert store.mark() == PairingMark(b"u" * TOKEN_BYTES, 1)


def test_digests_are_those_of_the_prints_of_now(store: SqliteStore) -> None:
    pair(store)
    assert store.digests() == {(3, 1): DIGEST}
    with store.changing() as change:
        change.put_digest(LANS, bytes(32))
    assert store.digests() == {(3, 1): bytes(32)}
    with store.changing() as change:
        change.drop_print(LANS)
    assert store.digests() == {}
    again = Print(worker="007", finger="right-index", slot=3, generation=2)
    with store.changing() as change:
        change.put_print(again, DIGEST)
    assert store.digests() == {(3, 2): DIGEST}


def test_pairing_outlives_a_restart(tmp_path: Path) -> None:
    first = open_store(tmp_path)
    pair(first)
    with first.changing() as change:
        change.announce(4)
    first.close()
    again = open_store(tmp_path)
    assert again.mark() == MARK.raised()
    assert again.announced() == [4]
    assert again.digests() == {(3, 1): DIGEST}
    again.close()


def test_half_a_transaction_is_none(store: SqliteStore) -> None:
    pair(store)
    with suppress(StoreFault), store.changing() as change:
        change.announce(4)
        change.put_print(LANS, DIGEST)  # which is there already
    assert store.mark() == MARK
    assert store.announced() == []


@pytest.mark.parametrize("how", ["lost", "kept"])
def test_an_announcement_that_may_be_lost_is_a_fault(
    faulty: type[Faulty], tmp_path: Path, how: str
) -> None:
    """No entry of the ledger tells whether it was written, so nobody may rely on it."""
    with closing(open_store(tmp_path)) as store:
        pair(store)
        faulty.at_commit = how
        with pytest.raises(StoreFault, match="not certain"), store.changing() as change:
            change.announce(4)
        assert store.announced() == ([4] if how == "kept" else [])
        with store.changing() as change:
            change.announce(4)
        assert store.announced() == [4]


def test_a_database_from_before_pairing(tmp_path: Path) -> None:
    """Its prints are paired with nothing yet, and can be."""
    make(tmp_path / "gate.db", "m003_remembered")
    store = open_store(tmp_path)
    [print_] = store.prints()
    assert (store.mark(), store.announced(), store.digests()) == (None, [], {})
    with store.changing() as change:
        change.put_digest(print_, DIGEST)
        change.put_mark(MARK)
    assert (store.mark(), store.digests()) == (MARK, {(3, 2): DIGEST})
    store.close()
