"""Every byte of a small database, flipped once: the gate starts, or sets it aside and rescues.

All of them, none sampled: some 131,000 starts and looks, a case a page. An hour of one core; with
two workers half of it.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edge_agent.gate.errors import DamagedLedger
from edge_agent.gate.ledger.damage.quick_check import damage
from edge_agent.gate.ledger.store.notes import leaving, leaving_note
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.succession.swap import set_aside

from .ledgers import ALIVE, GATE, ZONE, append, later, punch
from .old_copies import CODES, datas, fill, open_at, own, sound

PAGE = 4096
PAGES = 32
"""Of the database that is made here: a table or an index each, and the schema."""

CONFIRMED = 8
LATER = later(10**9)

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gate that was stopped, with three workers and a few punches; nothing beside it helps."""
    folder = tmp_path_factory.mktemp("small")
    with own(folder), closing(open_at(folder)) as store:
        fill(store, CONFIRMED, punches=4)
    for beside in folder.iterdir():
        if beside.name != "gate.db":
            beside.unlink()
    assert (folder / "gate.db").stat().st_size == PAGES * PAGE
    return folder


@contextmanager
def flipped(database: Path, place: int) -> Iterator[None]:
    """One bit of one byte, another one in each of eight neighbours."""
    with database.open("r+b", buffering=0) as file:
        file.seek(place)
        [byte] = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1 << place % 8]))
    yield
    with database.open("r+b", buffering=0) as file:
        file.seek(place)
        file.write(bytes([byte]))


def gap_in(page: bytes, first: int) -> range:
    """What no cell of a page takes, and nobody reads: https://sqlite.org/fileformat2.html"""
    header = 8 if page[first] in (0x0D, 0x0A) else 12
    cells = int.from_bytes(page[first + 3 : first + 5], "big")
    content = int.from_bytes(page[first + 5 : first + 7], "big") or 65_536
    return range(first + header + 2 * cells, min(content, PAGE))


def all_that_a_start_reads(store: SqliteStore) -> list[Any]:
    return [
        store.known_time(),
        store.landmarks(),
        store.last_punches(LATER, 10**8),
        store.roster(),
        store.mark(),
        store.announced(),
        store.workers(),
        store.prints(),
        store.digests(),
        store.pending_times(),
        store.open_times(0, 100),
        store.doubted(),
        store.watermarks(),
        store.checkpoint(),
        store.complete_until(CONFIRMED),
        store.remembered("sensor"),
        datas(store),
    ]


def looked_at(database: Path) -> list[Any]:
    with closing(SqliteStore.read_only(database, GATE, ZoneInfo(ZONE.key))) as store:
        return all_that_a_start_reads(store)


def starts(folder: Path, lacking: list[bytes]) -> bool:
    """Start on what is there and take a press; whether a new ledger has begun."""
    raw = (folder / "gate.db").read_bytes()
    with own(folder, now=LATER), closing(open_at(folder)) as store:
        try:
            append(store, ALIVE, LATER)
        except DamagedLedger as fault:
            # It shows at a write only, the daemon's first: it notes that, and leaves.
            why = leaving("damaged", detail=str(fault))
            assert leaving_note.put(folder / "gate.db", store.ledger, why)
    with own(folder, now=LATER), closing(open_at(folder)) as store:
        all_that_a_start_reads(store)
        # Nobody is credited with another's finger, whatever byte has flipped.
        assert all((print_.slot, print_.worker) in enumerate(CODES) for print_ in store.prints())
        append(store, punch(), LATER)
    kept = [e["data"] if e["kind"] == "punch.recovered" else e for e in sound(folder)]
    for wire in lacking:
        assert wire not in raw or msgspec.json.decode(wire)["data"] in kept
    return bool(set_aside(folder / "gate.db"))


@pytest.mark.parametrize("page", range(PAGES))
def test_every_byte_of_a_page(small: Path, tmp_path: Path, page: int) -> None:
    raw = (small / "gate.db").read_bytes()
    with closing(open_at(shutil.copytree(small, tmp_path / "truth"))) as store:
        lacking = [e.wire for e in store.entries(CONFIRMED + 1, 99) if e.kind == "punch.recorded"]
    assert len(lacking) > 2
    truth = looked_at(small / "gate.db")
    begin = page * PAGE
    gap = gap_in(raw[begin : begin + PAGE], 0 if page else 100)
    scratch = shutil.copytree(small, tmp_path / "scratch") / "gate.db"
    for place in range(PAGE):
        with flipped(scratch, begin + place):
            if place in gap:
                # Nothing is to be noticed, and so nothing is written that is not written always.
                assert damage(scratch) is None, place
                assert looked_at(scratch) == truth, place
                continue
            folder = tmp_path / "flipped"
            folder.mkdir()
            shutil.copy(scratch, folder / "gate.db")
        try:
            starts(folder, lacking)
        except Exception as error:
            raise AssertionError(f"byte {place} of page {page}: {error!r}") from error
        shutil.rmtree(folder)
