"""Every byte of a small database, flipped once: the gate starts, or sets it aside and rescues.

All of them, none sampled: some 200,000 starts and looks. An hour of one core; with two workers half
of it.
"""

import random
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edge_agent.gate.errors import DamagedLedger
from edge_agent.gate.ledger.damage.quick_check import damage
from edge_agent.gate.ledger.store.notes import leaving, leaving_note
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.succession.swap import set_aside
from tests.everyday import one_in

from .ledgers import ALIVE, ZONE, append, later, punch
from .old_copies import CODES, datas, fill, fill_every_table, open_at, own, sound

PAGE = 4096
PARTS = 16
"""Of the database's pages, so that several workers have something to do."""

CONFIRMED = 8
LATER = later(10**9)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gate that was stopped, with three workers and a few punches; nothing beside it helps."""
    folder = tmp_path_factory.mktemp("small")
    with own(folder), closing(open_at(folder)) as store:
        fill(store, CONFIRMED, punches=4)
    fill_every_table(folder / "gate.db")
    for beside in folder.iterdir():
        if beside.name != "gate.db":
            beside.unlink()
    assert (folder / "gate.db").stat().st_size >= 2 * PARTS * PAGE
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
        store.credentials(),
        store.named_workers(),
        store.consents(),
        store.vouched_names(),
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
    with closing(SqliteStore.read_only(database, ZoneInfo(ZONE.key))) as store:
        return all_that_a_start_reads(store)


class Truth(NamedTuple):
    """What is not to be lost, and beside which nothing is to be known: of punches the entries that
    payroll lacks."""

    lacking: list[bytes]
    credentials: list[Any]
    consents: dict[str, Any]


@pytest.fixture(scope="module")
def truth(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    copied = shutil.copytree(small, tmp_path_factory.mktemp("truth") / "truth")
    with closing(open_at(copied)) as store:
        entries = store.entries(CONFIRMED + 1, 99)
        lacking = [entry.wire for entry in entries if entry.kind == "punch.recorded"]
        assert len(lacking) > 2
        return Truth(lacking, store.credentials(), store.consents())


def starts(folder: Path, truth: Truth) -> bool:
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
        # Nobody is credited with another's finger or card, whatever byte has flipped.
        assert all((print_.slot, print_.worker) in enumerate(CODES) for print_ in store.prints())
        assert all(one in truth.credentials for one in store.credentials())
        assert all(one == truth.consents[code] for code, one in store.consents().items())
        append(store, punch(), LATER)
    kept = [e["data"] if e["kind"] == "punch.recovered" else e for e in sound(folder)]
    for wire in truth.lacking:
        assert wire not in raw or msgspec.json.decode(wire)["data"] in kept
    return bool(set_aside(folder / "gate.db"))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_byte_of_every_page(small: Path, truth: Truth, tmp_path: Path, part: int) -> None:
    for page in range(part, pages_of(small), PARTS):
        flip_every_byte(small, truth, tmp_path / f"{page}", page)


def flip_every_byte(small: Path, truth: Truth, folder: Path, page: int) -> None:
    raw = (small / "gate.db").read_bytes()
    begin = page * PAGE
    gap = gap_in(raw[begin : begin + PAGE], 0 if page else 100)
    scratch = shutil.copytree(small, folder) / "gate.db"
    before = looked_at(scratch)
    for place in range(PAGE):
        with flipped(scratch, begin + place):
            if place in gap:
                # Nothing is to be noticed, and so nothing is written that is not written always.
                assert damage(scratch) is None, place
                assert looked_at(scratch) == before, place
            else:
                try_out(scratch.read_bytes(), truth, folder / "flipped", f"{page}: {place}")
    shutil.rmtree(folder)


def pages_of(folder: Path) -> int:
    return (folder / "gate.db").stat().st_size // PAGE


def try_out(raw: bytes, truth: Truth, folder: Path, what: object) -> bool:
    """Start on a database of these bytes, with nothing beside it that helps."""
    folder.mkdir()
    (folder / "gate.db").write_bytes(raw)
    try:
        return starts(folder, truth)
    except Exception as error:
        raise AssertionError(f"{what}: {error!r}") from error
    finally:
        shutil.rmtree(folder)


def written(raw: bytes, page: int, content: bytes) -> bytes:
    return raw[: page * PAGE] + content + raw[page * PAGE + len(content) :]


@pytest.mark.parametrize("content", [bytes(PAGE), b"\xff" * PAGE], ids=["zeros", "erased flash"])
@pytest.mark.parametrize("part", one_in(5, range(5)))
def test_a_page_that_a_card_has_lost(
    small: Path, truth: Truth, tmp_path: Path, part: int, content: bytes
) -> None:
    raw = (small / "gate.db").read_bytes()
    for page in range(part, pages_of(small), 5):
        assert try_out(written(raw, page, content), truth, tmp_path / "x", page), page


@pytest.mark.parametrize("part", one_in(60, range(60)))
def test_a_page_that_was_written_in_another_s_place(
    small: Path, truth: Truth, tmp_path: Path, part: int
) -> None:
    """It is sound in itself, and says what it should not."""
    raw = (small / "gate.db").read_bytes()
    for page, other in list(permutations(range(pages_of(small)), 2))[part::60]:
        content = raw[other * PAGE : (other + 1) * PAGE]
        try_out(written(raw, page, content), truth, tmp_path / "x", (page, other))


@pytest.mark.parametrize("part", one_in(9, range(9)))
def test_a_file_that_was_cut_short(small: Path, truth: Truth, tmp_path: Path, part: int) -> None:
    raw = (small / "gate.db").read_bytes()
    for size in range(1, len(raw), PAGE // 2 - 1)[part::9]:
        try_out(raw[:size], truth, tmp_path / "x", size)


@pytest.mark.parametrize("part", one_in(60, range(60)))
def test_two_altered_bytes(small: Path, truth: Truth, tmp_path: Path, part: int) -> None:
    """Both where something stands, half of the time in one page: the other may be its checksum."""
    raw = (small / "gate.db").read_bytes()
    used = [
        page * PAGE + place
        for page in range(pages_of(small))
        for gap in [gap_in(raw[page * PAGE : (page + 1) * PAGE], 0 if page else 100)]
        for place in range(PAGE)
        if place not in gap
    ]
    for seed in range(part, 3000, 60):
        rng = random.Random(seed)
        first = rng.choice(used)
        near = [place for place in used if place // PAGE == first // PAGE and place != first]
        second = rng.choice(near if rng.random() < 0.5 else used)
        altered = bytearray(raw)
        for place in (first, second):
            altered[place] ^= rng.randrange(1, 256)
        try_out(bytes(altered), truth, tmp_path / "x", (seed, first, second))


def test_the_list_of_tables_out_of_order(small: Path, truth: Truth, tmp_path: Path) -> None:
    """It is read all the same, and the first write to it makes the database unreadable."""
    raw = bytearray((small / "gate.db").read_bytes())
    row = raw.index(b"\x07\x17\x19\x19\x01\x83\x1ftableclaimsclaims")
    raw[row - 1] ^= 0x02  # its number, the last of all
    assert try_out(bytes(raw), truth, tmp_path / "x", row)
