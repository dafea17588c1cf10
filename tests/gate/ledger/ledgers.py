"""Stores in real files, and connections that fail when they are told to."""

import sqlite3
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from edge_agent.contract.chain import Entry
from edge_agent.contract.facts import (
    Direction,
    DirectionSource,
    Fact,
    GateAlive,
    PunchRecorded,
)
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore

GATE = "main-gate"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOON = Stamp(
    boot="a", boottime_ms=0, wall_ms=1_795_000_000_000, state=ClockState.SYNCED, uncertainty_ms=0
)
ALIVE = GateAlive(recording=True, version="0")


def later(ms: int, **other: Any) -> Stamp:
    return structs.replace(NOON, **{"boottime_ms": ms, "wall_ms": NOON.wall_ms + ms, **other})


def unsynced(ms: int, boot: str = "a") -> Stamp:
    return later(ms, boot=boot, state=ClockState.UNSYNCED, uncertainty_ms=None)


def punch(worker: str = "007", direction: Direction | None = None) -> PunchRecorded:
    return PunchRecorded(
        worker=worker,
        direction=direction,
        direction_source=DirectionSource.ALTERNATE if direction else None,
        evidence_hash="e5" * 32,
    )


def open_store(folder: Path, gate: str = GATE) -> SqliteStore:
    return SqliteStore.open(folder / "gate.db", gate, ZONE, NOON)


def append(store: SqliteStore, fact: Fact = ALIVE, stamp: Stamp = NOON) -> Entry:
    with store.changing() as change:
        return change.append(fact, stamp)


def seqs(store: SqliteStore) -> list[int]:
    return [entry.seq for entry in store.entries(1, 1_000_000)]


class Faulty(sqlite3.Connection):
    """A connection whose COMMIT reports an error, and that cannot be opened, when told so."""

    at_commit = ""
    """``""``, ``"lost"`` (nothing is written) or ``"kept"`` (it is, but the error says not)."""
    refused_opens = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if Faulty.refused_opens:
            Faulty.refused_opens -= 1
            raise sqlite3.OperationalError("disk I/O error")
        super().__init__(*args, **kwargs)

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if sql == "COMMIT" and (how := Faulty.at_commit):
            Faulty.at_commit = ""
            if how == "kept":
                super().execute(sql)
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *args)
