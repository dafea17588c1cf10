"""What a gate finds after a power cut, seen by stock SQLite and by its own start."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.contract.chain import Entry
from edge_agent.contract.facts import GateAlive
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.ledger.store import people_snapshot
from edge_agent.gate.ledger.store.people_snapshot import PeopleSnapshot
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.settings.schema import Settings

_ALIVE = GateAlive(recording=True, version="after the power cut")

_HOW = "SELECT seq, kind, hash, wire FROM ledger ORDER BY seq"

Row = tuple[int, str, bytes, bytes]


def rows_of(database: Path) -> list[Row]:
    """The ledger as any SQLite program reads it."""
    with closing(sqlite3.connect(database)) as plain:
        return plain.execute(_HOW).fetchall()


@dataclass(frozen=True)
class Promises:
    """What had been said by the moment of the power cut."""

    entries: int
    greens: int
    repeats: int


class Examiner:
    """Opens crash states in ``folder`` (in memory) and compares them with the whole ledger."""

    def __init__(self, folder: Path, settings: Settings, whole: list[Row]) -> None:
        self._folder = folder
        self._database = folder / "gate.db"
        store = msgspec.structs.replace(settings.store, path=str(self._database))
        self._assembly = Assembly(msgspec.structs.replace(settings, store=store))
        self._whole = whole
        self._prints = [_prints_after(whole[:seq]) for seq in range(len(whole) + 1)]
        kinds = [kind for _, kind, _, _ in whole]
        self._greens = [kinds[:n].count("punch.recorded") for n in range(len(whole) + 1)]
        self._repeats = [kinds[:n].count("punch.repeated") for n in range(len(whole) + 1)]

    def broken_promises(self, state: dict[str, bytes], said: Promises) -> list[str]:
        """Everything that is wrong with a state."""
        found = []
        for look in (self._stock, self._start):
            self._lay_out(state)
            try:
                wrong = look(said)
            except Exception as error:
                wrong = f"{type(error).__name__}: {error}"
            if wrong:
                found.append(f"{look.__name__}: {wrong}")
        return found

    def _lay_out(self, state: dict[str, bytes]) -> None:
        for left in self._folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
        for name, content in state.items():
            (self._folder / name).write_bytes(content)

    def _stock(self, said: Promises) -> str | None:
        """Stock SQLite: the promised entries are there, unaltered, gapless; the file is sound."""
        try:
            found = rows_of(self._database)
        except sqlite3.OperationalError as error:
            if said.entries or "no such table" not in str(error):
                raise
            return None  # Nobody had been told anything of this ledger yet.
        with closing(sqlite3.connect(self._database)) as plain:
            if (sound := plain.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                return f"integrity_check: {sound}"
        return self._compare(found, said)

    def _start(self, said: Promises) -> str | None:
        """The daemon's own start: unaided, with everything that was promised, and recording."""
        kept = people_snapshot.read(self._database)
        store = self._assembly.store()
        with closing(store):
            assert isinstance(store, SqliteStore)
            found = [_row(entry) for entry in store.entries(1, len(self._whole) + 1)]
            if not said.entries and found and found[0] != self._whole[0]:
                found = []  # A ledger that nobody had heard of; another has begun in its place.
            elif wrong := self._compare(found, said):
                return wrong
            elif (prints := store.digests().keys()) != self._prints[len(found)]:
                return f"the prints are {sorted(prints)} after entry {len(found)}"
            elif kept is not None and kept.ledger == store.ledger and _kept(kept) != prints:
                return f"beside the database {_kept(kept)} are kept, and it has {sorted(prints)}"
            tail = store.tail()
            with store.changing() as change:
                entry = change.append(_ALIVE, self._assembly.clock.stamp())
            if (entry.seq, store.hash_of(tail.seq)) != (tail.seq + 1, tail.hash):
                return "the next entry does not follow the last"
        return None

    def _compare(self, found: list[Row], said: Promises) -> str | None:
        if len(found) < said.entries:
            return f"{said.entries} entries were promised, {len(found)} are there"
        if found != self._whole[: len(found)]:
            return "an entry is another one than was written"
        greens, repeats = self._greens[len(found)], self._repeats[len(found)]
        if greens < said.greens or repeats < said.repeats:
            return f"{said} was shown to workers, {greens} and {repeats} are in the ledger"
        return None


def _row(entry: Entry) -> Row:
    return entry.seq, entry.kind, entry.hash, entry.wire


def _kept(snapshot: PeopleSnapshot) -> set[tuple[int, int]]:
    rows = snapshot.rows["prints"]
    return {(row["slot"], row["generation"]) for row in rows if not row["removed"]}


def _prints_after(rows: list[Row]) -> set[tuple[int, int]]:
    """Slot and generation of each print that the entries leave."""
    prints: set[tuple[int, int]] = set()
    for _, kind, _, wire in rows:
        data: dict[str, Any] = json.loads(wire)["data"]
        if kind == "print.enrolled":
            prints.add((data["slot"], data["generation"]))
        elif kind == "print.removed":
            prints.discard((data["slot"], data["generation"]))
    return prints
