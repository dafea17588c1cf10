"""Workers and prints come back from a database whose tables are lost, or it is said who did not."""

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract.people import Employment, Print, Worker
from edge_agent.contract.people_facts import PrintEnrolled, PrintRemoved, WorkerAdded
from edge_agent.gate.host.host_identity import HostIdentity
from edge_agent.gate.ledger import open_or_succeed as opening
from edge_agent.gate.ledger.lost_people import LostPeople, still_lost
from edge_agent.gate.ledger.store import change, people_snapshot
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.succession.swap import set_aside
from tests.power_cut import PowerCut, cut, in_time

from .ledgers import append, later, punch
from .old_copies import HERE, made, names, open_at, own, start

OTHER_CARD = HostIdentity(board=HERE.board, card={"cid": "c2"})

STAFF = [f"NV{number:03}" for number in range(80)]


def enrol(store: SqliteStore, code: str, slot: int, generation: int = 1) -> None:
    print_ = Print(worker=code, finger="right-index", slot=slot, generation=generation)
    actor = "uid:0"
    with store.changing() as change:
        listed = Employment(active=True, valid_to="2026-12-31") if slot % 2 else None
        change.put_worker(Worker(code=code, name=f"Tên {code}", active=slot != 3, listed=listed))
        change.append(WorkerAdded(worker=code, actor=actor), later(slot))
    with store.changing() as change:
        change.put_print(print_, bytes([slot, generation]) * 16)
        change.append(
            PrintEnrolled(
                worker=code, finger=print_.finger, slot=slot, generation=generation, actor=actor
            ),
            later(slot),
        )


def remove(store: SqliteStore, code: str, slot: int) -> None:
    with store.changing() as change:
        change.drop_print(Print(worker=code, finger="right-index", slot=slot, generation=1))
        gone = PrintRemoved(
            worker=code, finger="right-index", slot=slot, generation=1, actor="uid:0"
        )
        change.append(gone, later(2000))


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gate with 80 workers, a print each, but for one that was removed."""
    folder = tmp_path_factory.mktemp("staffed")
    with own(folder), closing(open_at(folder)) as store:
        for slot, code in enumerate(STAFF):
            enrol(store, code, slot)
        remove(store, STAFF[7], 7)
        for number in range(200):
            append(store, punch(STAFF[number % 80]), later(3000 + number))
    return folder


def copy(original: Path, folder: Path) -> Path:
    shutil.copytree(original, folder)
    return folder


def people(folder: Path) -> tuple[list[Worker], list[Print], dict[tuple[int, int], bytes]]:
    with closing(open_at(folder)) as store:
        return store.workers(), store.prints(), store.digests()


def lose_the_first_page(folder: Path) -> None:
    with (folder / "gate.db").open("r+b") as file:
        file.write(bytes(4096))


def lost_after_start(folder: Path) -> LostPeople | None:
    start(folder, now=later(10**9))
    assert [old.name for old in set_aside(folder / "gate.db")] == ["gate.db.old-1-damaged"]
    with closing(open_at(folder)) as store:
        return still_lost(store)


def test_nobody_is_enrolled_anew_because_one_page_died(
    staffed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = copy(staffed, tmp_path / "damaged")
    before = people(folder)
    lose_the_first_page(folder)
    assert lost_after_start(folder) is None
    assert people(folder) == before
    assert "all 80 workers and 79 prints were rescued" in caplog.messages
    with closing(open_at(folder)) as store:
        assert len(store.prints()) == 79
        assert store.next_generation(7) == 2  # of the print that was removed
        assert store.mark() is None  # the templates themselves have to agree
        ledger = store.ledger
    kept = people_snapshot.read(folder / "gate.db")
    assert kept is not None
    assert kept.ledger == ledger


def test_without_the_snapshot_they_are_lost_and_counted(
    staffed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The control of the test above, and what is said then."""
    folder = copy(staffed, tmp_path / "damaged")
    (folder / "gate.db.people").unlink()
    lose_the_first_page(folder)
    lost = lost_after_start(folder)
    assert people(folder)[:2] == ([], [])
    assert str(lost and lost.told) == (
        "80 of 80 workers and 79 of 79 prints did not come along from the damaged database"
    )
    [said] = [one for one in caplog.messages if "were rescued" in one]
    assert said.startswith("0 of 80 workers and 0 of 79 prints were rescued: bring them back with ")
    assert "'edge-agent templates restore FILE" in said
    with closing(open_at(folder)) as store:
        enrol(store, STAFF[0], 0, generation=9)
        missing = still_lost(store)
        assert missing is not None
        assert str(missing.told).startswith("79 of 80 workers and 78 of 79 prints")
        for slot, code in enumerate(STAFF[1:], 1):
            enrol(store, code, slot, generation=9)
        assert still_lost(store) is None


def test_a_print_whose_removal_is_lost_is_not_missed(staffed: Path, tmp_path: Path) -> None:
    """The entry that enrolled it is found, and the snapshot knows that it was removed."""
    folder = copy(staffed, tmp_path / "damaged")
    raw = (folder / "gate.db").read_bytes()
    assert raw.count(b"print.removed") > 0
    (folder / "gate.db").write_bytes(raw.replace(b"print.removed", b"print.rem0ved"))
    lose_the_first_page(folder)
    assert lost_after_start(folder) is None


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda raw: raw[:-1],
    "a byte of it": lambda raw: raw[:900] + bytes([raw[900] ^ 1]) + raw[901:],
    "its checksum": lambda raw: b"0" * 64 + raw[64:],
    "nothing in it": lambda raw: b"",
    "no snapshot": lambda raw: raw[:64] + b"\n{}",
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_a_snapshot_that_does_not_prove_itself_is_not_believed(
    staffed: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    folder = copy(staffed, tmp_path / "damaged")
    kept = folder / "gate.db.people"
    kept.write_bytes(spoil(kept.read_bytes()))
    assert people_snapshot.read(folder / "gate.db") is None
    lose_the_first_page(folder)
    lost = lost_after_start(folder)
    assert lost
    assert len(lost.workers) == 80


def test_a_snapshot_of_another_ledger_is_not_believed(staffed: Path, tmp_path: Path) -> None:
    folder = copy(staffed, tmp_path / "damaged")
    other = tmp_path / "other"
    other.mkdir()
    made(other)
    shutil.copy(other / "gate.db.people", folder)
    lose_the_first_page(folder)
    lost = lost_after_start(folder)
    assert lost
    assert len(lost.workers) == 80


@pytest.mark.parametrize("what", ["enrolled", "removed"])
def test_a_snapshot_that_is_out_of_date_is_not_believed(
    staffed: Path, tmp_path: Path, what: str
) -> None:
    """A card that took the change and not the snapshot, nor that it went away."""
    folder = copy(staffed, tmp_path / "damaged")
    before = (folder / "gate.db.people").read_bytes()
    with own(folder, now=later(9000)), closing(open_at(folder)) as store:
        if what == "enrolled":
            remove(store, STAFF[5], 5)
            enrol(store, "NV999", 5, generation=2)
        else:
            remove(store, STAFF[5], 5)
    (folder / "gate.db.people").write_bytes(before)
    lose_the_first_page(folder)
    lost = lost_after_start(folder)
    assert lost
    assert (STAFF[5], "right-index") not in lost.prints
    assert (("NV999", "right-index") in lost.prints) is (what == "enrolled")


def lost_again(folder: Path) -> LostPeople | None:
    """Damaged a second time."""
    start(folder, now=later(2 * 10**9))
    assert len(set_aside(folder / "gate.db")) == 2
    with closing(open_at(folder)) as store:
        return still_lost(store)


@pytest.mark.parametrize("again", ["the first page", "a table", "and the snapshot"])
def test_who_was_lost_is_not_forgotten_when_others_are(
    staffed: Path, tmp_path: Path, again: str
) -> None:
    """Two damages, one sum: of as many as there were, and less those who have come back."""
    folder = copy(staffed, tmp_path / "damaged")
    (folder / "gate.db.people").unlink()
    with sqlite3.connect(folder / "gate.db") as plain:
        plain.execute("UPDATE prints SET digest = x'00' WHERE slot IN (5, 6)")
    plain.close()
    first = lost_after_start(folder)
    assert first
    assert (len(first.workers), len(first.prints), first.of_prints) == (0, 2, 79)
    with own(folder, now=later(10**9)), closing(open_at(folder)) as store:
        enrol(store, STAFF[6], 6, generation=2)
    if again == "the first page":
        lose_the_first_page(folder)
    else:
        with sqlite3.connect(folder / "gate.db") as plain:
            plain.execute("UPDATE prints SET digest = x'00' WHERE slot = 9")
        plain.close()
    if again == "and the snapshot":
        (folder / "gate.db.people").unlink()
    second = lost_again(folder)
    assert second
    missing = {5} | ({9} if again == "and the snapshot" else set())
    assert {worker for worker, _ in second.prints} == {STAFF[slot] for slot in missing}
    assert (second.of_workers, second.of_prints) == (80, 79)
    with own(folder, now=later(3 * 10**9)), closing(open_at(folder)) as store:
        for slot in missing:
            enrol(store, STAFF[slot], slot, generation=7)
        assert still_lost(store) is None


def test_the_new_ledger_has_its_own_before_it_is_in_its_place(
    staffed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power fails when the new database is in place and nothing more, and a page dies."""
    folder = copy(staffed, tmp_path / "cut")
    before = people(folder)
    (folder / "gate.db").chmod(0o600)

    def cut(*args: Any) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(opening, "bind", cut)
        with pytest.raises(PowerCut):
            start(folder, OTHER_CARD, now=later(10**9))
    assert [old.name for old in set_aside(folder / "gate.db")] == ["gate.db.old-1-cloned-card"]
    assert stat.S_IMODE((folder / "gate.db.people").stat().st_mode) == 0o600
    lose_the_first_page(folder)
    assert lost_again(folder) is None
    assert people(folder) == before
    assert not [name for name in names(folder) if "building" in name]


def test_where_not_even_a_ledger_is_left_the_gate_s_own_is_believed(
    staffed: Path, tmp_path: Path
) -> None:
    folder = copy(staffed, tmp_path / "damaged")
    before = people(folder)
    (folder / "gate.db").write_bytes(bytes(8192))
    assert lost_after_start(folder) is None
    assert people(folder) == before
    elsewhere = copy(staffed, tmp_path / "elsewhere")
    (elsewhere / "gate.db").write_bytes(bytes(8192))
    start(elsewhere, gate="another-gate")
    with closing(open_at(elsewhere, "another-gate")) as store:
        assert store.workers() == []


def test_who_may_not_read_the_database_may_not_read_it_either(tmp_path: Path) -> None:
    made(tmp_path)
    for slot, mode in enumerate((0o600, 0o640), 50):
        (tmp_path / "gate.db").chmod(mode)
        with closing(open_at(tmp_path)) as store:
            enrol(store, f"NV{slot}", slot)
        kept = tmp_path / "gate.db.people"
        assert stat.S_IMODE(kept.stat().st_mode) == mode
    assert not list(tmp_path.glob("*.part"))


def test_a_database_of_before_gets_one_at_its_first_start(staffed: Path, tmp_path: Path) -> None:
    folder = copy(staffed, tmp_path / "old")
    before = (folder / "gate.db.people").read_bytes()
    (folder / "gate.db.people").unlink()
    start(folder, now=later(9000))
    again = people_snapshot.read(folder / "gate.db")
    assert again
    assert again.rows == json.loads(before.partition(b"\n")[2])["rows"]


def test_one_that_could_not_be_written_is_made_up_for(staffed: Path, tmp_path: Path) -> None:
    """Once there is room, not only at the next start, which may be months away."""
    folder = copy(staffed, tmp_path / "full")
    blocked = folder / "gate.db.people.part"
    blocked.mkdir()
    with own(folder, now=later(9000)), closing(open_at(folder)) as store:
        enrol(store, "NV900", 90)
        assert people_snapshot.read(folder / "gate.db") is None
        blocked.rmdir()
        assert store.keep_reserve()
    kept = people_snapshot.read(folder / "gate.db")
    assert kept
    assert "NV900" in {row["code"] for row in kept.rows["workers"]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_makes_beside_the_database_is_the_gate_s(tmp_path: Path) -> None:
    """A daemon that was once run by hand as root must not keep the gate from its notes."""
    os.chown(tmp_path, 1234, 1234)
    with own(tmp_path), closing(open_at(tmp_path)) as store:
        assert store.keep_reserve()
    beside = {"gate.db.gap", "gate.db.leave", "gate.db.people"}
    made_for = {name: (tmp_path / name).stat().st_uid for name in beside}
    assert made_for == dict.fromkeys(beside, 1234)


def cut_at(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Before the ``at``-th of all that a change of people writes to the disk."""
    steps = iter(range(10_000))

    def counted(what: Any) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            if next(steps) == at:
                cut()
            return what(*args, **kwargs)

        return step

    for name in ("rename", "unlink"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    monkeypatch.setattr(os, "fsync", counted(os.fsync))
    monkeypatch.setattr(change, "_commit", counted(change._commit))
    keep = people_snapshot.keep
    monkeypatch.setattr(people_snapshot, "keep", counted(keep))


@pytest.mark.parametrize("in_order", [True, False])
def test_a_power_cut_never_leaves_another_word_than_the_tables(
    staffed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_order: bool
) -> None:
    """Wherever it comes; and the control: a snapshot that stays while a change is committed."""
    if not in_order:
        monkeypatch.setattr(people_snapshot, "outdate", lambda path: None)
    steps, stale = 0, 0
    while True:
        folder = copy(staffed, tmp_path / f"cut-{steps}")

        def change(folder: Path = folder, at: int = steps) -> None:
            store = open_at(folder)
            cut_at(monkeypatch, at)
            remove(store, STAFF[5], 5)

        whole = in_time(change)
        kept = people_snapshot.read(folder / "gate.db")
        with closing(open_at(folder)) as store:
            prints = {print_.slot for print_ in store.prints()}
        if kept is not None:
            said = {row["slot"] for row in kept.rows["prints"] if not row["removed"]}
            stale += said != prints
        start(folder, HERE, now=later(10**9))
        kept = people_snapshot.read(folder / "gate.db")
        assert kept
        assert {row["slot"] for row in kept.rows["prints"] if not row["removed"]} == prints
        steps += 1
        if whole:
            break
    assert steps > 5
    assert (stale == 0) is in_order
