"""Every schema that was ever released is still opened, with everything that it holds."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.contract.chain import GENESIS, Scribe
from edge_agent.contract.facts import Fact, LedgerOpened
from edge_agent.contract.people import Print, Worker
from edge_agent.contract.people_facts import WorkerAdded, WorkerChanged
from edge_agent.gate.ledger.store.database import open_database
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.schema import TABLE
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.pairing_mark import PairingMark
from tests import new_database

from .ledgers import GATE, NOON, ZONE, append, later, open_store, punch
from .released import LEDGER, SCHEMAS, STEPS, make, schema_after

pytestmark = pytest.mark.usefixtures("own_migrations")


def schema(path: Path) -> set[tuple[str, str]]:
    """Every table's columns, whatever way they came there."""
    with closing(sqlite3.connect(path)) as plain:
        tables = [name for (name,) in plain.execute("SELECT name FROM sqlite_master")]
        return {
            (table, f"{column[1:4]}")
            for table in tables
            for column in plain.execute(f'PRAGMA table_info("{table}")')
        }


@pytest.mark.parametrize("step", STEPS)
def test_a_released_step_was_never_edited(step: str) -> None:
    assert schema_after(step) == (SCHEMAS / f"{step}.sql").read_text()


@pytest.mark.parametrize("step", STEPS)
def test_a_database_of_each_released_schema(step: str, tmp_path: Path) -> None:
    wires = make(tmp_path / "gate.db", step)
    store = SqliteStore.open(tmp_path / "gate.db", GATE, ZONE, NOON)
    found = store.entries(1, 100)
    # What is written at an upgrade comes after what was there, and never in its place.
    assert [entry.wire for entry in found[: len(wires)]] == wires
    assert store.ledger == LEDGER
    assert store.watermarks() == Watermarks(4, 3, 0)
    assert verify_ledger(store) == store.tail()
    assert store.last_punches(NOON, 10_000)["007"].seq == 4
    assert store.complete_until(4) == "2026-11-18T18:06:42.000+07:00"
    if step >= "m002":
        assert store.workers() == [Worker(code="007", name="Nguyễn Thị Lan", active=True)]
        assert store.prints() == [Print(worker="007", finger="left-thumb", slot=3, generation=2)]
        assert store.next_generation(3) == 3
    if step >= "m003":
        assert store.remembered("sensor") == "/dev/serial0 at 57600 baud"
    if step >= "m004":
        assert store.mark() == PairingMark(bytes(16), 7)
    assert append(store, punch()).seq == len(found) + 1
    store.close()

    (tmp_path / "new").mkdir()
    open_store(tmp_path / "new").close()
    assert schema(tmp_path / "gate.db") == schema(tmp_path / "new" / "gate.db")


def test_all_steps_of_the_last_release_are_frozen() -> None:
    assert STEPS[:4] == ["m001_ledger", "m002_people", "m003_remembered", "m004_pairing"]


def test_the_copy_that_other_tests_work_on_is_what_migrations_make(tmp_path: Path) -> None:
    open_database(tmp_path / "made.db").close()
    with new_database.copied():
        open_database(tmp_path / "copied.db").close()

    def contents(name: str) -> list[str]:
        with closing(sqlite3.connect(tmp_path / name)) as plain:
            plain.execute(f"UPDATE {TABLE} SET applied_at = ''")
            pragmas = [
                f"{plain.execute(f'PRAGMA {pragma}').fetchone()}"
                for pragma in ("journal_mode", "page_size", "page_count", "user_version")
            ]
            return [*pragmas, *plain.iterdump()]

    assert contents("copied.db") == contents("made.db")


def before_210(path: Path) -> None:
    """A database of the step before the one that keeps whose the held prints are."""
    with closing(sqlite3.connect(path)) as old:
        old.executescript(schema_after("m200_vouched_name"))
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("INSERT INTO identity VALUES (1, ?, ?)", (LEDGER, GATE))
        old.execute("INSERT INTO watermarks (one, published, confirmed, rejected) VALUES (1,0,0,0)")
        scribe, digest = Scribe(gate=GATE, ledger=LEDGER, zone=ZONE), GENESIS
        opened = LedgerOpened(gate=GATE, zone=ZONE.key, version="0.9.0", why="first-start")
        facts: list[Fact] = [
            opened,
            WorkerAdded(worker="001", actor="payroll"),
            WorkerChanged(worker="001", active=True, actor="payroll"),
            WorkerChanged(worker="001", active=False, actor="gate", why="renamed"),
            WorkerChanged(worker="002", active=True, actor="technician"),
            WorkerChanged(worker="003", active=True, actor="payroll"),
        ]
        for seq, fact in enumerate(facts, 1):
            entry = scribe.write(fact, later(seq), seq, digest)
            row = (seq, entry.kind, entry.hash, entry.wire)
            old.execute("INSERT INTO ledger (seq, kind, hash, wire) VALUES (?, ?, ?, ?)", row)
            digest = entry.hash
        old.commit()


LAN, MINH = "Nguyễn Thị Lan", "Trần Văn Minh"
MAY, THAI = "Lò Thị Mây", "Hoàng Văn Thái"


@pytest.mark.parametrize(
    ("former", "name", "active", "kept", "held", "since"),
    [
        *(([(3, LAN)], MINH, 0, kept, LAN, None) for kept in ("print", "card")),
        ([(5, MAY), (3, LAN)], THAI, 0, "print", LAN, MAY),  # The first holder's they are.
        ([(3, LAN)], MINH, 0, "removed", None, None),
        ([(3, LAN)], MINH, 0, "", None, None),
        ([(3, LAN)], MINH, 1, "print", None, None),
        ([(5, MINH), (3, LAN)], f"{LAN} Anh", 0, "print", None, MINH),  # Payroll has taken it back.
        ([], MINH, 0, "print", None, None),
    ],
)
@pytest.mark.parametrize("said", [False, True])
def test_whose_prints_an_older_version_held_back_is_found_out_once(
    tmp_path: Path,
    *,
    former: list[tuple[int, str]],
    name: str,
    active: int,
    kept: str,
    held: str | None,
    since: str | None,
    said: bool,
) -> None:
    """``said``: a technician has brought the code back after entry 3, and it is ``since`` then."""
    path, code = tmp_path / "gate.db", "002" if said else "001"
    before_210(path)
    with closing(sqlite3.connect(path)) as old:
        old.execute(
            "INSERT INTO workers (code, name, active) VALUES (?, ?, ?)", (code, name, active)
        )
        for through, whose in former:
            old.execute("INSERT INTO former_names VALUES (?, ?, ?)", (code, whose, through))
        if kept == "card":
            card = (code, "card", b"s", b"h" * 32, 0)
            old.execute("INSERT INTO credentials VALUES (?, ?, ?, ?, ?)", card)
        elif kept:
            old.execute(
                "INSERT INTO prints (slot, generation, worker, finger, removed)"
                " VALUES (1, 1, ?, 'left-thumb', ?)",
                (code, int(kept == "removed")),
            )
        old.commit()
    held = since if said else held
    with closing(SqliteStore.open(path, GATE, ZONE, NOON)) as store:
        assert store.held_back() == ({} if held is None else {code: held})
