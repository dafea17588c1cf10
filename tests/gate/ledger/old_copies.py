"""Ledgers that are left for new ones, made by hand."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from edge_agent.contract.people import Print, Worker
from edge_agent.contract.people_facts import PrintEnrolled, WorkerAdded
from edge_agent.contract.stamps import Stamp
from edge_agent.gate.host.host_identity import HostIdentity
from edge_agent.gate.ledger.open_or_succeed import open_or_succeed
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.people_rows import SUMMED, row_sum
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.pairing_mark import PairingMark

from .ledgers import GATE, NOON, ZONE, later, punch, unsynced

HERE = HostIdentity(board={"serial": "b1", "machine-id": "m1"}, card={"cid": "c1"})
MARK = PairingMark(bytes(range(16)), 7)
CODES = ("NV001", "NV002", "NV003")


def own(
    folder: Path,
    here: HostIdentity = HERE,
    gate: str = GATE,
    now: Stamp = NOON,
    beat: Callable[[], None] = lambda: None,
) -> Any:
    return open_or_succeed(folder / "gate.db", gate, ZONE, now, here, beat)


def start(folder: Path, here: HostIdentity = HERE, gate: str = GATE, now: Stamp = NOON) -> None:
    """Start and stop, and nothing else."""
    with own(folder, here, gate, now):
        pass


def open_at(folder: Path, gate: str = GATE) -> SqliteStore:
    return SqliteStore.open(folder / "gate.db", gate, ZONE, NOON)


def fill(store: SqliteStore, confirmed: int = 0, punches: int = 9) -> None:
    """Three workers with a print each, a mark, and punches."""
    for slot, code in enumerate(CODES):
        print_ = Print(worker=code, finger="right-index", slot=slot, generation=1)
        with store.changing() as change:
            change.put_worker(Worker(code=code, name=f"Tên {code}"))
            change.append(WorkerAdded(worker=code, actor="uid:0"), later(slot))
        with store.changing() as change:
            change.put_print(print_, bytes([slot]) * 32)
            fact = PrintEnrolled(
                worker=code, finger="right-index", slot=slot, generation=1, actor="uid:0"
            )
            change.append(fact, later(slot))
    with store.changing() as change:
        change.put_mark(MARK)
    for number in range(punches):
        with store.changing() as change:
            stamp = unsynced(1000 + number) if number == 2 else later(1000 + number)
            change.append(punch(CODES[number % 3]), stamp)
    if confirmed:
        store.move_watermarks(Watermarks(confirmed, confirmed))
    store.remember("sensor", "/dev/serial0 at 57600 baud")
    store.remember("mqtt 5 localhost:1883", "yes")


_ROWS: dict[str, str | tuple[str, tuple[Any, ...]]] = {
    "workers": "UPDATE workers SET vouched_name = 'Vi Thị Lan' WHERE code = 'NV001'",
    "announced_slots": "INSERT INTO announced_slots VALUES (9)",
    "employments": ("employments", ("NV001", 1, None, "2027-01-01")),
    "credentials": ("credentials", ("NV002", "card", b"s" * 16, b"h" * 32)),
    "named_workers": "INSERT INTO named_workers VALUES ('NV002')",
    "consents": ("consents", ("NV003", "v1", b"t" * 32, "2026-11-01")),
    "erasures": (
        "erasures",
        (1, "NV001", "2026-12-01", None, "[[0, 1]]", "{}", 0, None, "2026-11-30"),
    ),
    "erased": ("erased", ("l", 4, "NV001", "worker.left", 1)),
    "sealed_backups": "INSERT INTO sealed_backups VALUES ('b1', '{}')",
    "ended_consents": "INSERT INTO ended_consents VALUES ('NV001', 'v0', zeroblob(32), 'd', 'e')",
    "claims": "INSERT INTO claims VALUES (1, 'NV001', 'access', 'a', 'd', 'uid:0', 'c', 'x', 'y')",
    "roster": "INSERT INTO roster VALUES (1, 7, zeroblob(32), 'empty', zeroblob(32))",
}
"""A row for each table that a new ledger takes over and that ``fill`` leaves empty, every column of
it other than by default: a statement, or a table with a checksum and its values."""


def fill_every_table(database: Path) -> None:
    """Beside what ``fill`` has put there."""
    with closing(sqlite3.connect(database)) as opened, opened:
        for said in _ROWS.values():
            if isinstance(said, str):
                opened.execute(said)
            else:
                table, values = said
                row = dict(zip(SUMMED[table], values, strict=True))
                columns = ", ".join([*row, "sum"])
                opened.execute(
                    f"INSERT INTO {table} ({columns}) VALUES (?{', ?' * len(row)})",
                    (*values, row_sum(table, row)),
                )


def made(folder: Path, confirmed: int = 0, punches: int = 9) -> str:
    """A ledger that was used and stopped; its id."""
    with own(folder), closing(open_at(folder)) as store:
        fill(store, confirmed, punches)
        return store.ledger


def datas(store: SqliteStore) -> list[dict[str, Any]]:
    return [json.loads(entry.wire)["data"] for entry in store.entries(1, 1_000_000)]


def sound(folder: Path, gate: str = GATE) -> list[dict[str, Any]]:
    """The data of the entries of a ledger that verifies."""
    with closing(open_at(folder, gate)) as store:
        verify_ledger(store)
        return datas(store)


def names(folder: Path) -> list[str]:
    """All files, but for the snapshot of people that lies beside every database."""
    return sorted(path.name for path in folder.iterdir() if path.name != "gate.db.people")
