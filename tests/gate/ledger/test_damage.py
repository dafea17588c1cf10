"""A damaged database is noticed, set aside and rescued; the gate goes on."""

import json
import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.contract.errors import StoreFault
from edge_agent.contract.messages import ErasedWorker
from edge_agent.gate.erasure import Counts, Erasure
from edge_agent.gate.errors import DamagedLedger
from edge_agent.gate.ledger import open_or_succeed as own
from edge_agent.gate.ledger.damage.carve import acknowledged_in_log
from edge_agent.gate.ledger.damage.quick_check import damage
from edge_agent.gate.ledger.damage.readable import write_readable
from edge_agent.gate.ledger.store.carry_over import rows_of, taken_over
from edge_agent.gate.ledger.store.database import open_database, open_for_reading
from edge_agent.gate.ledger.store.lean_sqlite_utils import Database
from edge_agent.gate.ledger.store.metadata import ERASURES_UNKNOWN
from edge_agent.gate.ledger.store.notes import leaving, leaving_note
from edge_agent.gate.ledger.store.people_rows import SUMMED, row_sum
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.succession.swap import set_aside
from tests.everyday import one_in

from .ledgers import GATE, NOON, ZONE, append, later, punch
from .old_copies import CODES, MARK, fill, fill_every_table, made, names, open_at, sound, start
from .old_copies import own as owning

CONFIRMED = 12


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gate that was stopped: no log."""
    folder = tmp_path_factory.mktemp("stopped")
    made(folder, CONFIRMED, punches=40)
    return folder


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gate whose power failed: half of its entries are in the log alone."""
    folder, live = tmp_path_factory.mktemp("cut-off"), tmp_path_factory.mktemp("live")
    with owning(live), closing(open_at(live)) as store:
        fill(store, CONFIRMED, punches=40)
        for file in live.iterdir():
            shutil.copy(file, folder)
    assert (folder / "gate.db-wal").stat().st_size > 10_000
    return folder


def copy_of(original: Path, folder: Path) -> Path:
    """With nothing beside it that could help: test_people_snapshot.py has what does."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original, folder, ignore=shutil.ignore_patterns("*.people"))
    (folder / "gate.db-shm").unlink(missing_ok=True)  # it does not outlive a power cut
    return folder


def truth(original: Path, scratch: Path) -> list[bytes]:
    """The wires of the punches that payroll lacks."""
    folder = copy_of(original, scratch)
    with closing(open_at(folder)) as store:
        entries = store.entries(CONFIRMED + 1, 1000)
    return [entry.wire for entry in entries if entry.kind == "punch.recorded"]


def readable(folder: Path, wires: list[bytes]) -> list[dict[str, Any]]:
    """Those of ``wires`` that still stand, whole, in the files."""
    raw = [file.read_bytes() for file in folder.iterdir()]
    return [json.loads(wire)["data"] for wire in wires if any(wire in one for one in raw)]


def rescued(folder: Path) -> list[dict[str, Any]]:
    """The data of the punches in the ledger that the gate goes on with, wherever they are from."""
    return [e["data"] if e["kind"] == "punch.recovered" else e for e in sound(folder)]


def the_gate_goes_on(folder: Path, wires: list[bytes], *, but: int = 0) -> bool:
    """Start the damaged gate; nothing that can be read is lost. Whether a new ledger began.

    ``but``: as many of the last ones may be missing.
    """
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    left = readable(folder, wires)
    start(folder, now=later(10**9))
    kept = rescued(folder)
    missing = [data for data in left if data not in kept]
    assert missing == left[len(left) - len(missing) :]
    assert len(missing) <= but, missing
    with closing(open_at(folder)) as store:
        for print_ in store.prints():
            # Nobody is credited with another's finger, whatever byte has flipped.
            assert (print_.slot, print_.worker) in enumerate(CODES)
        append(store, punch(), later(10**9))
    old = set_aside(folder / "gate.db")
    if old:
        for name, content in before.items():
            kept_as = old[0].with_name(name.replace("gate.db", old[0].name))
            assert kept_as.suffix == "-shm" or kept_as.read_bytes() == content
        write_readable(folder / "gate.db")
        lines = old[0].with_name(f"{old[0].name}.jsonl").read_text().splitlines()
        there = [json.loads(line)["data"] for line in lines]
        assert all(data in there for data in left)
    return bool(old)


@st.composite
def flips(draw: st.DrawFn) -> tuple[str, list[tuple[float, int]]]:
    """In which file, and at which parts of its length which bits."""
    file = draw(st.sampled_from(["gate.db", "gate.db", "gate.db-wal"]))
    place = st.floats(0, 1, exclude_max=True) | st.floats(0, 0.02)
    bits = st.integers(1, 255)
    return file, draw(st.lists(st.tuples(place, bits), min_size=1, max_size=8))


def flip(folder: Path, damage: tuple[str, list[tuple[float, int]]]) -> None:
    name, places = damage
    raw = bytearray((folder / name).read_bytes())
    for place, bits in places:
        raw[int(place * len(raw))] ^= bits
    (folder / name).write_bytes(raw)


def check_flips(original: Path, scratch: Path, damage: tuple[str, list[Any]]) -> None:
    wires = truth(original, scratch / "truth")
    folder = copy_of(original, scratch / "damaged")
    if not (folder / damage[0]).exists():
        damage = ("gate.db", damage[1])
    flip(folder, damage)
    # The log's last transaction may be one that the power cut off: nobody can tell.
    the_gate_goes_on(folder, wires, but=1 if damage[0] == "gate.db-wal" else 0)


_SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(_SLOW, max_examples=15)
@given(damage=flips())
def test_no_flipped_byte_loses_what_can_be_read(
    stopped: Path, cut_off: Path, tmp_path: Path, damage: tuple[str, list[Any]]
) -> None:
    for original in (stopped, cut_off):
        check_flips(original, tmp_path, damage)


@pytest.mark.parametrize("at", one_in(10, range(100)))
def test_any_byte_of_the_header(stopped: Path, cut_off: Path, tmp_path: Path, at: int) -> None:
    """What SQLite believes of itself: a wrong word may come to light only at a write."""
    for original in (stopped, cut_off):
        wires = truth(original, tmp_path / "truth")
        for bits in (1, 0x80, 0xFF):
            folder = copy_of(original, tmp_path / "damaged")
            raw = bytearray((folder / "gate.db").read_bytes())
            raw[at] ^= bits
            (folder / "gate.db").write_bytes(raw)
            the_gate_goes_on(folder, wires)


@pytest.mark.parametrize(
    "forgotten", ["m001_ledger", "m020_watermark_sum", "m040_roster", "m080_worker_sum"]
)
def test_a_migration_that_an_altered_byte_hides(
    stopped: Path, tmp_path: Path, forgotten: str
) -> None:
    """To apply it again fails, and says nothing of damage."""
    wires = truth(stopped, tmp_path / "truth")
    folder = copy_of(stopped, tmp_path / "damaged")
    with closing(sqlite3.connect(folder / "gate.db")) as database:
        database.execute(
            "UPDATE _sqlite_migrations SET migration_set = 'edge-agenu' WHERE name = ?",
            (forgotten,),
        )
        database.commit()
    assert the_gate_goes_on(folder, wires)


@pytest.mark.parametrize(
    "table", one_in(4, [*SUMMED, "watermarks", "identity", "remembered", "ledger"])
)
def test_any_word_of_a_table_s_own_description(stopped: Path, tmp_path: Path, table: str) -> None:
    """The name of a column, say: then every row lacks what the gate asks for."""
    wires = truth(stopped, tmp_path / "truth")
    raw = (stopped / "gate.db").read_bytes()
    said = re.search(rb'CREATE TABLE "?%b"? ?\([^\0]*?\)' % table.encode(), raw)
    assert said
    for word in re.finditer(rb"[a-z_]+", said[0]):
        folder = copy_of(stopped, tmp_path / "damaged")
        damaged = bytearray(raw)
        damaged[said.start() + word.start()] ^= 1
        (folder / "gate.db").write_bytes(damaged)
        the_gate_goes_on(folder, wires)


@pytest.mark.parametrize("bits", one_in(4, [1, 4, 96, 128]))
@pytest.mark.parametrize("said", [b"= 32", b"KEY CHECK", b"seq > 0"])
def test_any_sign_of_a_table_s_own_description(
    stopped: Path, cut_off: Path, tmp_path: Path, said: bytes, bits: int
) -> None:
    """A digit, say: every row is refused then. Nothing reads such a sign before a press writes."""
    for original in (stopped, cut_off):
        wires = truth(original, tmp_path / "truth")
        raw = bytearray((original / "gate.db").read_bytes())
        at = raw.index(said, raw.index(b"CREATE TABLE ledger"))
        for place in range(at, at + len(said)):
            folder = copy_of(original, tmp_path / "damaged")
            damaged = bytearray(raw)
            damaged[place] ^= bits
            (folder / "gate.db").write_bytes(damaged)
            assert the_gate_goes_on(folder, wires)


@pytest.mark.parametrize(
    "added",
    ["ANALYZE", "CREATE VIEW who AS SELECT code FROM workers", "CREATE INDEX k ON ledger (kind)"],
)
def test_what_another_tool_adds_is_no_damage(stopped: Path, tmp_path: Path, added: str) -> None:
    folder = copy_of(stopped, tmp_path / "looked-into")
    edit(folder, added)
    assert not the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))


@pytest.mark.parametrize("said", [b"applied_at", b"seq > 0"])
def test_commands_that_only_look_say_that_it_is_damaged(
    stopped: Path, tmp_path: Path, said: bytes
) -> None:
    """SQLite's own words of such a byte are no text, and the table of versions lacks a column."""
    folder = copy_of(stopped, tmp_path / "damaged")
    raw = bytearray((folder / "gate.db").read_bytes())
    raw[raw.index(said, raw.index(b"CREATE TABLE")) + 4] ^= 128
    (folder / "gate.db").write_bytes(raw)
    with suppress(StoreFault):
        open_for_reading(folder / "gate.db").close()
    with suppress(StoreFault):
        open_database(folder / "gate.db").close()


def test_a_list_of_versions_that_is_damaged_leaves_the_log_where_it_was(
    cut_off: Path, tmp_path: Path
) -> None:
    """To find that out takes opening it for writing, and half of the entries are in the log."""
    folder = copy_of(cut_off, tmp_path / "damaged")
    raw = bytearray((folder / "gate.db").read_bytes())
    raw[raw.rindex(b"edge-agentm002_people")] ^= 8  # In its index; the first is the table's.
    (folder / "gate.db").write_bytes(raw)
    before = {name: (folder / name).read_bytes() for name in ("gate.db", "gate.db-wal")}
    with pytest.raises(DamagedLedger, match="it does not know its version"):
        open_database(folder / "gate.db")
    assert {name: (folder / name).read_bytes() for name in before} == before


@pytest.mark.long
@pytest.mark.timeout(7200)
@settings(_SLOW, max_examples=1000)
@given(damage=flips())
def test_no_flipped_byte_of_thousands_loses_what_can_be_read(
    stopped: Path, cut_off: Path, tmp_path: Path, damage: tuple[str, list[Any]]
) -> None:
    for original in (stopped, cut_off):
        check_flips(original, tmp_path, damage)


@pytest.mark.parametrize("part", [0.0, 0.1, 0.3, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("name", ["gate.db", "gate.db-wal"])
def test_what_was_cut_short(cut_off: Path, tmp_path: Path, name: str, part: float) -> None:
    wires = truth(cut_off, tmp_path / "truth")
    folder = copy_of(cut_off, tmp_path / "damaged")
    raw = (folder / name).read_bytes()
    (folder / name).write_bytes(raw[: int(part * len(raw))])
    the_gate_goes_on(folder, wires, but=1)


def test_a_log_that_is_missing(cut_off: Path, tmp_path: Path) -> None:
    folder = copy_of(cut_off, tmp_path / "damaged")
    (folder / "gate.db-wal").unlink()
    assert the_gate_goes_on(folder, truth(cut_off, tmp_path / "truth"))
    assert sound(folder)[0]["why"] == "damaged"


def test_a_log_that_a_stop_has_removed_is_not_missed(stopped: Path, tmp_path: Path) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    assert not the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))


@pytest.mark.parametrize("content", [b"not a database" * 1000, b"\0" * 8192, b"xy"])
def test_what_is_no_database_at_all(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "gate.db").write_bytes(content)
    start(tmp_path)
    [opened] = sound(tmp_path)
    assert (opened["why"], opened["previous"]["seq"]) == ("damaged", 0)
    [old] = set_aside(tmp_path / "gate.db")
    assert old.read_bytes() == content
    [said] = [one for one in caplog.messages if "workers were rescued" in one]
    assert said.startswith("no workers were rescued, if there were any: bring them back with ")


def edit(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "gate.db")) as plain:
        for statement in statements:
            plain.execute(statement)
        plain.commit()


EDITS = {
    "a table is gone": "DROP TABLE watermarks",
    "an entry is gone": "DELETE FROM ledger WHERE seq = 20",
    "an entry is another one": "UPDATE ledger SET wire = (SELECT wire FROM ledger WHERE seq = 21) "
    "WHERE seq = 20",
    "whose it is": "DELETE FROM identity",
    "watermarks that no gate wrote": "UPDATE watermarks SET confirmed = 30, published = 30",
    "watermarks beyond the end": "UPDATE watermarks SET confirmed = 3000, published = 3000, "
    "sum = NULL",
    "the ledger's own name": "UPDATE identity SET ledger = replace(ledger, '-4', '-5')",
    "the gate's own name": "UPDATE identity SET gate = 'mein-gate'",
    "a landmark of no clock": "UPDATE landmarks SET state = 'synced?'",
    "a roster refused for nothing": "INSERT INTO roster VALUES (1, 3, x'00', 'too-lange', x'')",
    "a migration is another one": "UPDATE _sqlite_migrations SET name = 'm003_remembereb' "
    "WHERE name = 'm003_remembered'",
}


@pytest.mark.parametrize("statement", EDITS.values(), ids=EDITS.keys())
def test_what_contradicts_itself(stopped: Path, tmp_path: Path, statement: str) -> None:
    wires = truth(stopped, tmp_path / "truth")
    folder = copy_of(stopped, tmp_path / "damaged")
    edit(folder, statement)
    assert the_gate_goes_on(folder, wires)


def test_a_newer_versions_database_is_never_set_aside(stopped: Path, tmp_path: Path) -> None:
    folder = copy_of(stopped, tmp_path / "newer")
    edit(
        folder,
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('edge-agent', 'm999_payslips', '2030-01-01')",
    )
    before = (folder / "gate.db").read_bytes()
    with pytest.raises(StoreFault, match="newer version"):
        start(folder)
    assert (names(folder), (folder / "gate.db").read_bytes()) == (["gate.db"], before)


def test_another_programs_database_is_never_set_aside(tmp_path: Path) -> None:
    edit(tmp_path, "CREATE TABLE wages (worker, amount)", "PRAGMA user_version = 3")
    before = (tmp_path / "gate.db").read_bytes()
    with pytest.raises(StoreFault, match="another program's"):
        start(tmp_path)
    assert (names(tmp_path), (tmp_path / "gate.db").read_bytes()) == (["gate.db"], before)


@pytest.mark.parametrize("kept", [True, False], ids=["snapshot", "alone"])
def test_all_that_is_known_of_people_comes_along(stopped: Path, tmp_path: Path, kept: bool) -> None:
    """Cards, consents and erasures too, and whatever table or column comes after these."""
    folder = tmp_path / "damaged"
    shutil.copytree(stopped, folder)
    fill_every_table(folder / "gate.db")
    (folder / "gate.db.people").unlink()
    start(folder)  # The snapshot is made anew.
    if not kept:
        (folder / "gate.db.people").unlink()

    def taken() -> dict[str, list[dict[str, Any]]]:
        with closing(Database(folder / "gate.db")) as database:
            rows = taken_over(database)
        del rows["remembered"]
        return rows

    before = taken()
    assert [table for table, rows in before.items() if not rows] == []
    with closing(open_at(folder)) as store:
        note = leaving("damaged", detail="seen in use")
        assert leaving_note.put(folder / "gate.db", store.ledger, note)
    start(folder, now=later(10**9))
    assert len(set_aside(folder / "gate.db")) == 1
    assert taken() == before


def test_a_card_that_says_another_worker_is_left_behind(stopped: Path, tmp_path: Path) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    row: dict[str, Any] = {"worker": "NV001", "method": "card", "salt": b"s", "hash": b"h" * 32}
    with closing(sqlite3.connect(folder / "gate.db")) as database, database:
        database.execute(
            "INSERT INTO credentials VALUES ('NV002', 'card', ?, ?, ?)",
            (row["salt"], row["hash"], row_sum("credentials", row)),
        )
    start(folder)
    assert len(set_aside(folder / "gate.db")) == 1
    with closing(open_at(folder)) as store:
        assert store.credentials() == []


@pytest.mark.parametrize("kept", [True, False], ids=["snapshot", "alone"])
@pytest.mark.parametrize("table", ["erasures", "erased"])
def test_an_altered_row_erases_nobody_else_and_is_asked_about(
    stopped: Path, tmp_path: Path, table: str, kept: bool
) -> None:
    """NV001 is to be erased, or again; a byte of that row makes it NV002."""
    folder = tmp_path / "damaged"
    shutil.copytree(stopped, folder)
    fill_every_table(folder / "gate.db")
    (folder / "gate.db.people").unlink()
    start(folder)
    assert not set_aside(folder / "gate.db")
    edit(folder, f"UPDATE {table} SET worker = 'NV002'")
    if not kept:
        (folder / "gate.db.people").unlink()
    start(folder)
    assert len(set_aside(folder / "gate.db")) == 1
    with closing(open_at(folder)) as store:
        assert store.remembered(ERASURES_UNKNOWN) is not None
        assert [one.worker for one in store.erasures()] == ["NV001"] * (table != "erasures")
        # What lies beside the database has the erased once more.
        assert [one.worker for one in store.erased()] == ["NV001"] * (table != "erased" or kept)
        assert store.stopped() == ({"NV001"} if table != "erasures" else set())


@pytest.mark.parametrize("by", ["put_erasure", "put_erased", "owe"])
def test_every_row_of_erasures_has_its_checksum(tmp_path: Path, by: str) -> None:
    """However it is written: the row as it was is no damage."""
    one = ErasedWorker(ledger="l", seq=4, worker="NV001", kind="worker.left")
    begun = Erasure(
        id=0, worker="NV001", after=None, begun="t", slots=[(1, 2)], counts=Counts(prints=1),
        scrubbed=False, document=None,
    )  # fmt: skip
    made(tmp_path)
    with closing(open_at(tmp_path)) as store, store.changing() as change:
        match by:
            case "put_erasure":
                change.put_erasure(begun)
            case "put_erased":
                change.put_erased(one)
            case _:
                change.owe([one])
    table = "erasures" if by == "put_erasure" else "erased"
    with closing(Database(tmp_path / "gate.db")) as database:
        [row] = rows_of(database, table)
    assert row["sum"] == row_sum(table, row)
    start(tmp_path)
    assert not set_aside(tmp_path / "gate.db")


def test_people_come_along_even_where_the_header_is_gone(stopped: Path, tmp_path: Path) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    with (folder / "gate.db").open("r+b") as file:
        file.write(b"\0" * 96)
    assert the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))
    with closing(open_at(folder)) as store:
        assert [worker.name for worker in store.workers()] == [f"Tên {code}" for code in CODES]
        assert len(store.prints()) == 3
        assert store.mark() == MARK


def test_a_print_that_says_another_worker_is_left_behind(
    stopped: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    edit(
        folder,
        "UPDATE prints SET worker = 'NV001', finger = 'left-thumb' WHERE slot = 2",
    )
    start(folder)
    with closing(open_at(folder)) as store:
        assert [print_.slot for print_ in store.prints()] == [0, 1]
        assert store.next_generation(2) == 2
        assert store.mark() is None  # the templates themselves have to prove the others
    assert any("no longer certain" in record.getMessage() for record in caplog.records)
    # And what was certain is so the next time, in a ledger that never saw an enrolment.
    edit(folder, "DROP TABLE watermarks")
    start(folder)
    with closing(open_at(folder)) as store:
        assert [print_.slot for print_ in store.prints()] == [0, 1]
        assert store.next_generation(2) == 2
    assert len(set_aside(folder / "gate.db")) == 2


def test_what_payroll_has_does_not_come_again(stopped: Path, tmp_path: Path) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    edit(folder, "DROP TABLE voided")
    start(folder, now=later(10**9))
    opened, *entries = sound(folder)
    assert opened["previous"]["seq"] == CONFIRMED
    assert [e["of"]["seq"] for e in entries] == [10, *range(CONFIRMED + 1, 48)]


def test_damage_found_while_it_is_used_is_told(stopped: Path, tmp_path: Path) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    told: list[DamagedLedger] = []
    with (
        owning(folder),
        closing(SqliteStore.open(folder / "gate.db", GATE, ZONE, NOON, told.append)) as store,
    ):
        assert not told
        with closing(sqlite3.connect(folder / "gate.db", isolation_level=None)) as plain:
            plain.execute("UPDATE ledger SET wire = x'00' WHERE seq = 46")
        with pytest.raises(DamagedLedger):
            list(store.newest_first())
        ledger = store.ledger
    assert len(told) == 1
    note = folder / "gate.db"
    assert leaving_note.put(note, ledger, leaving("damaged", detail=str(told[0])))
    start(folder, now=later(10**9))
    assert sound(folder)[0]["why"] == "damaged"
    assert not leaving_note.stands(note)
    start(folder, now=later(10**9))
    assert len(set_aside(note)) == 1


READERS: dict[str, Callable[[SqliteStore], Any]] = {
    "landmarks": lambda store: store.landmarks(),
    "known_time": lambda store: store.known_time(),
    "complete_until": lambda store: store.complete_until(46),
    "last_punches": lambda store: store.last_punches(NOON, 10**9),
    "newest_first": lambda store: list(store.newest_first()),
    "data_of": lambda store: store.data_of(store.entries(46, 1)[0]),
    "whole_entries": lambda store: store.whole_entries(46, 1),
    "append": append,
    "roster": lambda store: store.roster(),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("wire", ["x'00'", "CAST(replace(CAST(wire AS TEXT), 'NV', 'VN') AS BLOB)"])
def test_whoever_comes_upon_damage_tells_of_it(
    stopped: Path, tmp_path: Path, read: Callable[[SqliteStore], Any], wire: str
) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    edit(
        folder,
        "DELETE FROM ledger WHERE seq > 46",
        "DELETE FROM times",
        f"UPDATE ledger SET wire = {wire} WHERE seq = 46",
        "INSERT INTO roster VALUES (1, 3, x'00', 'too-lange', x'')",
    )
    told: list[DamagedLedger] = []
    with closing(SqliteStore.open(folder / "gate.db", GATE, ZONE, NOON, told.append)) as store:
        with pytest.raises(DamagedLedger) as raised:
            read(store)
        assert told == [raised.value]


def test_a_database_that_cannot_be_opened_again_is_told(stopped: Path, tmp_path: Path) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    told: list[DamagedLedger] = []
    with closing(SqliteStore.open(folder / "gate.db", GATE, ZONE, NOON, told.append)) as store:
        store._connection.drop()  # As after a fault of the disk.
        (folder / "gate.db").write_bytes(b"x" * 8192)
        with pytest.raises(DamagedLedger) as raised:
            store.tail()
        assert told == [raised.value]


CONTROLS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "nothing is examined": lambda patch: patch.setattr(own, "damage", lambda path: None),
    "the log is believed": lambda patch: patch.setattr(
        "edge_agent.gate.ledger.damage.quick_check.acknowledged_in_log", lambda *_: False
    ),
}


@pytest.mark.parametrize("bug", CONTROLS.values(), ids=CONTROLS.keys())
def test_these_tests_find_a_bug(
    cut_off: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bug: Callable[..., None]
) -> None:
    bug(monkeypatch)
    chance = random.Random(7)
    lost = 0
    for _ in range(20):
        try:
            check_flips(cut_off, tmp_path, ("gate.db-wal", [(chance.uniform(0.3, 0.8), 255)]))
        except (AssertionError, StoreFault, sqlite3.Error):
            lost += 1
    assert lost > 5


def test_a_torn_commit_is_no_damage(cut_off: Path, tmp_path: Path) -> None:
    """What a power cut leaves of the transaction in hand was never acknowledged."""
    folder = copy_of(cut_off, tmp_path / "torn")
    log = folder / "gate.db-wal"
    raw = log.read_bytes()
    log.write_bytes(raw[:-5000])
    assert damage(folder / "gate.db") is None
    log.write_bytes(raw[:-100] + bytes(100))
    assert damage(folder / "gate.db") is None
    middle = len(raw) // 2
    log.write_bytes(raw[:middle] + b"\xff" + raw[middle + 1 :])
    assert "write-ahead log" in (damage(folder / "gate.db") or "")
    assert not acknowledged_in_log(log, "another-ledger", 0)


def test_a_worker_whose_row_was_altered_keeps_the_print_and_nothing_else(
    stopped: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody passes for another, and nobody who works here is refused."""
    folder = copy_of(stopped, tmp_path / "damaged")
    edit(folder, "UPDATE workers SET name = 'Tên NV003', active = 0 WHERE code = 'NV002'")
    assert "NV002" in (damage(folder / "gate.db") or "")
    assert the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))
    with closing(open_at(folder)) as store:
        assert [(w.code, w.name, w.active) for w in store.workers()] == [
            ("NV001", "Tên NV001", True),
            ("NV002", "NV002", True),
            ("NV003", "Tên NV003", True),
        ]
        assert [print_.worker for print_ in store.prints()] == list(CODES)
    told = [record.getMessage() for record in caplog.records]
    assert any("only their prints are certain" in one and "NV002" in one for one in told)


OF_THE_LAST_RELEASE = (
    "CREATE TABLE listings (worker TEXT PRIMARY KEY, version INTEGER NOT NULL, added INTEGER,"
    " name TEXT NOT NULL, active INTEGER, valid_from TEXT, valid_to TEXT) STRICT, WITHOUT ROWID",
    "DELETE FROM _sqlite_migrations WHERE name = 'm090_no_listings'",
    "INSERT INTO roster VALUES (1, 3, x'00', NULL, x'')",
    "INSERT INTO listings VALUES ('NV002', 3, 0, 'Mai', 0, NULL, '2030-01-01')",
    "INSERT INTO listings VALUES ('NV777', 3, 1, 'Lan', 1, NULL, NULL)",
    "INSERT INTO listings VALUES ('NV888', 4, 1, 'nobody yet', 1, NULL, NULL)",
)


@pytest.mark.parametrize(
    ("altered", "roster"),
    [
        ("UPDATE watermarks SET sum = 1", 3),
        ("UPDATE workers SET sum = 1 WHERE code = 'NV003'", 0),
        ("UPDATE prints SET sum = 1 WHERE slot = 0", 3),
    ],
)
def test_a_roster_that_an_older_release_had_half_put_in_its_place(
    stopped: Path, tmp_path: Path, altered: str, roster: int
) -> None:
    """As in a sound database of that release: whole, or asked for again."""
    folder = copy_of(stopped, tmp_path / "damaged")
    edit(folder, *OF_THE_LAST_RELEASE, altered)
    start(folder, now=later(10**9))
    assert sound(folder)[0]["why"] == "damaged"
    with closing(open_at(folder)) as store:
        assert store.roster().version == roster
        told = {worker.code: (worker.name, worker.deactivated) for worker in store.workers()}
    if roster:
        assert told["NV002"] == ("Mai", True)
        assert told["NV777"] == ("Lan", False)
    else:
        assert told["NV002"] == ("Tên NV002", False)
    assert "NV888" not in told


def test_workers_that_cannot_be_read_are_asked_of_payroll_again(
    stopped: Path, tmp_path: Path
) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    edit(folder, "INSERT INTO roster VALUES (1, 3, x'00', NULL, x'')")
    with closing(sqlite3.connect(folder / "gate.db")) as plain:
        [(page,)] = plain.execute("SELECT rootpage FROM sqlite_master WHERE name = 'workers'")
    raw = bytearray((folder / "gate.db").read_bytes())
    raw[(page - 1) * 4096 : page * 4096] = bytes(4096)
    (folder / "gate.db").write_bytes(raw)
    start(folder, now=later(10**9))
    with closing(open_at(folder)) as store:
        assert store.roster().version == 0
        assert [worker.code for worker in store.workers()] == list(CODES)


def test_a_code_that_was_altered_is_nobodys(stopped: Path, tmp_path: Path) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    edit(
        folder, "PRAGMA foreign_keys=OFF", "UPDATE workers SET code = 'NV402' WHERE code = 'NV002'"
    )
    assert the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))
    with closing(open_at(folder)) as store:
        assert [worker.code for worker in store.workers()] == list(CODES)
        assert [print_.worker for print_ in store.prints()] == list(CODES)


def test_an_altered_entry_is_never_shown_to_payroll(stopped: Path, tmp_path: Path) -> None:
    """Nor one whose envelope was altered, which no hash covers."""
    for old, new in (("NV001", "NV003"), ('"subject":"NV00', '"subject":"NV90')):
        folder = copy_of(stopped, tmp_path / "damaged")
        edit(
            folder,
            "UPDATE ledger SET wire ="
            f" CAST(replace(CAST(wire AS TEXT), '{old}', '{new}') AS BLOB) WHERE seq = 26",
        )
        told: list[DamagedLedger] = []
        with closing(SqliteStore.open(folder / "gate.db", GATE, ZONE, NOON, told.append)) as store:
            assert [entry.seq for entry in store.whole_entries(20, 6)] == [20, 21, 22, 23, 24, 25]
            with pytest.raises(DamagedLedger, match="Entry 26"):
                store.whole_entries(20, 10)
        assert len(told) == 1
