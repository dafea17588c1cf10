"""A ledger that may have a twin is left for a new one."""

import itertools
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlite_utils import Database

from edge_agent.contract.facts import GateRetired, PunchAdded, PunchTimeResolved, PunchVoided
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.host.host_identity import HostIdentity
from edge_agent.gate.ledger import open_or_succeed as opening
from edge_agent.gate.ledger.damage import quick_check
from edge_agent.gate.ledger.damage.quick_check import damage
from edge_agent.gate.ledger.open_or_succeed import may_leave_again, why_leave
from edge_agent.gate.ledger.store import carry_over
from edge_agent.gate.ledger.store.carry_over import TABLES
from edge_agent.gate.ledger.store.metadata import Bound, Watermarks, in_use
from edge_agent.gate.ledger.store.notes import leaving, leaving_note
from edge_agent.gate.ledger.store.schema import migrations
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.ledger.succession import successor, swap
from edge_agent.gate.ledger.succession.swap import set_aside
from edge_agent.gate.settings.load import load_settings
from tests.everyday import one_in
from tests.power_cut import cut, in_time

from .ledgers import GATE, NOON, ZONE, append, later, open_store, punch, unsynced
from .old_copies import CODES, HERE, MARK, datas, fill, made, names, open_at, own, sound, start

OTHER_CARD = structs.replace(HERE, card={"cid": "c2"})
OTHER_BOARD = structs.replace(HERE, board={"serial": "b2", "machine-id": "m1"})


def test_a_ledger_in_its_place_is_continued(tmp_path: Path) -> None:
    ledger = made(tmp_path)
    for here in (HERE, HostIdentity(board={}, card={}), HERE):
        start(tmp_path, here)
    with closing(open_at(tmp_path)) as store:
        assert store.ledger == ledger
    assert names(tmp_path) == ["gate.db"]


@pytest.mark.parametrize("why", ["cloned-card", "other-board", "restored-backup", "disowned"])
def test_a_gate_that_is_out_of_service_does_not_come_back_elsewhere(
    tmp_path: Path, why: str
) -> None:
    """Its database is read on another machine, and 'edge-agent retire' typed there once more."""
    ledger = made(tmp_path)
    with closing(open_at(tmp_path)) as store:
        append(store, GateRetired(erased=3, slots=1000, actor="uid:0"))
        last = store.tail()
    if why == "restored-backup":
        mark_as_backup(tmp_path)
    if why == "disowned":
        assert leaving_note.put(tmp_path / "gate.db", ledger, leaving("payroll-is-ahead"))
    here = {"cloned-card": OTHER_CARD, "other-board": OTHER_BOARD}.get(why, HERE)
    for _ in range(2):
        start(tmp_path, here)
        with closing(open_at(tmp_path)) as store:
            assert (store.ledger, store.tail(), store.retired) == (ledger, last, True)
    assert not list(tmp_path.glob("gate.db.old*"))
    start(tmp_path, here, "east")  # Another gate on this machine is one that begins.
    with closing(open_at(tmp_path, "east")) as store:
        assert (store.ledger != ledger, store.retired) == (True, False)


def mark_as_backup(folder: Path) -> None:
    with closing(open_at(folder)) as store:
        store.remember("copy", "backup")


@pytest.mark.parametrize("knows", [True, False])
def test_the_seal_of_a_ledger_s_tables_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, knows: bool
) -> None:
    """Also where an older release carries it over."""
    ledger = made(tmp_path)
    if not knows:
        left = tuple(key for key in carry_over._LEFT_BEHIND if key != "tables.")
        monkeypatch.setattr(carry_over, "_LEFT_BEHIND", left)
    start(tmp_path, OTHER_CARD)
    with closing(sqlite3.connect(tmp_path / "gate.db")) as plain:
        wrong = "UPDATE remembered SET value = '0' WHERE key LIKE ?"
        assert plain.execute(wrong, (f"tables.%.{ledger}",)).rowcount == (not knows)
        plain.commit()
    assert damage(tmp_path / "gate.db") is None


@pytest.mark.parametrize(
    ("why", "here", "gate"),
    [
        ("cloned-card", OTHER_CARD, GATE),
        ("other-board", OTHER_BOARD, GATE),
        ("other-gate-id", HERE, "east"),
        ("restored-backup", HERE, GATE),
    ],
)
@pytest.mark.parametrize("confirmed", [0, 10])
def test_a_new_ledger_names_the_old_one_and_brings_what_payroll_may_lack(
    tmp_path: Path, why: str, here: HostIdentity, gate: str, confirmed: int
) -> None:
    ledger = made(tmp_path, confirmed)
    if why == "restored-backup":
        mark_as_backup(tmp_path)
    before = sound(tmp_path)
    with closing(open_at(tmp_path)) as store:
        hashes = {entry.seq: entry.hash.hex() for entry in store.entries(1, 100)}
    start(tmp_path, here, gate)
    entries = sound(tmp_path, gate)
    assert (entries[0]["kind"], entries[0]["why"], entries[0]["gate"]) == (
        "ledger.opened",
        why,
        gate,
    )
    assert entries[0]["ledger"] != ledger
    assert entries[0]["previous"] == {
        "ledger": ledger,
        "seq": confirmed,
        "hash": hashes[confirmed] if confirmed else "0" * 64,
    }
    recovered = [entry for entry in entries if entry["kind"] == "punch.recovered"]
    assert len(recovered) == len(entries) - 1
    for entry in recovered:
        original = before[entry["of"]["seq"] - 1]
        assert entry["data"] == original
        assert (entry["worker"], entry["at"]) == (original["worker"], original["at"])
        assert entry["of"] == {
            "ledger": ledger,
            "seq": original["seq"],
            "hash": hashes[original["seq"]],
        }
    seqs = [entry["of"]["seq"] for entry in recovered]
    punches = [e["seq"] for e in before if e["kind"] == "punch.recorded"]
    assert seqs == sorted(set(seqs))
    assert set(punches) >= set(seqs) >= {seq for seq in punches if seq > confirmed}
    # What is confirmed already comes where its time is still to be found (10), or a rule may look
    # back to it: what came after it may be withdrawn.
    assert [seq for seq in seqs if seq <= confirmed] == ([8, 9, 10] if confirmed else [])
    with closing(open_at(tmp_path, gate)) as store:
        assert [worker.code for worker in store.workers()] == list(CODES)
        assert [print_.slot for print_ in store.prints()] == [0, 1, 2]
        assert len(store.digests()) == 3
        assert store.mark() == MARK
        assert store.watermarks().confirmed == 0
        assert store.remembered("mqtt 5 localhost:1883") == "yes"
        there = why in ("cloned-card", "other-board")
        assert (store.remembered("sensor") is None) == there
        assert store.remembered("copy") is None
    [old] = set_aside(tmp_path / "gate.db")
    assert old.name == f"gate.db.old-1-{why}"
    with closing(SqliteStore.read_only(old, ZONE)) as store:
        assert store.ledger == ledger
        assert datas(store) == before
    start(tmp_path, here, gate)
    assert sound(tmp_path, gate) == entries
    assert names(tmp_path) == ["gate.db", old.name]


def test_the_rules_go_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """A press within the repeat window of a confirmed punch is still a repeat of it."""
    made(tmp_path, confirmed=16)
    with closing(open_at(tmp_path)) as store:
        before = store.last_punches(later(2000), 60_000)
    assert set(before) == set(CODES)
    start(tmp_path, OTHER_CARD, now=later(2000))
    with closing(open_at(tmp_path)) as store:
        after = store.last_punches(later(2100), 60_000)
    assert {code: last.stamp for code, last in after.items()} == {
        code: last.stamp for code, last in before.items()
    }


@pytest.mark.parametrize("damaged", [False, True])
def test_what_a_supervisor_has_added_hides_no_press_from_the_rules(
    tmp_path: Path, damaged: bool
) -> None:
    """It was for an earlier time, so the press before it has to come along all the same."""
    added = PunchAdded(
        worker="007", at="2026-11-18T06:00:00.000+07:00", direction=None, reason="x", actor="uid:0"
    )
    start(tmp_path)
    with closing(open_at(tmp_path)) as store:
        pressed = append(store, punch("007"), later(1000))
        last = append(store, added, later(2000))
        store.move_watermarks(Watermarks(last.seq, last.seq))
        assert store.last_punches(later(3000), 60_000)["007"].seq == pressed.seq
        ledger = store.ledger
    here = HERE if damaged else OTHER_CARD
    if damaged:
        note = leaving("damaged", detail="seen in use")
        assert leaving_note.put(tmp_path / "gate.db", ledger, note)
    start(tmp_path, here, now=later(3000))
    assert len(set_aside(tmp_path / "gate.db")) == 1
    with closing(open_at(tmp_path)) as store:
        assert store.last_punches(later(3100), 60_000)["007"].stamp == later(1000)


def test_a_punch_keeps_its_first_origin_through_many_ledgers(tmp_path: Path) -> None:
    ledger = made(tmp_path)
    for number in range(3):
        start(tmp_path, structs.replace(HERE, card={"cid": f"next{number}"}))
    entries = sound(tmp_path)
    assert len(entries) == 10
    assert {entry["of"]["ledger"] for entry in entries[1:]} == {ledger}
    assert [entry["of"]["seq"] for entry in entries[1:]] == list(range(8, 17))
    assert {entry["data"]["kind"] for entry in entries[1:]} == {"punch.recorded"}
    assert [old.name for old in set_aside(tmp_path / "gate.db")] == [
        f"gate.db.old-{number}-cloned-card" for number in (1, 2, 3)
    ]


def test_a_time_that_is_still_to_be_found_stays_so(tmp_path: Path) -> None:
    made(tmp_path)
    start(tmp_path, OTHER_BOARD)
    [pending] = [e for e in sound(tmp_path) if e["kind"] == "punch.recovered" and not e["at"]]
    with closing(sqlite3.connect(tmp_path / "gate.db")) as plain:
        assert plain.execute("SELECT seq FROM times WHERE open = 1").fetchall() == [
            (pending["seq"],)
        ]


@pytest.mark.parametrize(
    ("why", "through", "first"),
    [("payroll-is-ahead", 99, 13), ("forked", 14, 13), ("forked", 9, 9)],
)
def test_a_receipt_for_another_history(tmp_path: Path, why: Any, through: int, first: int) -> None:
    ledger = made(tmp_path, confirmed=12)
    assert leaving_note.put(tmp_path / "gate.db", ledger, leaving(why, through))
    start(tmp_path, now=later(10**9))  # so late that no rule looks back
    opened, *entries = sound(tmp_path)
    assert (opened["why"], opened["previous"]["ledger"]) == (why, ledger)
    assert opened["previous"]["seq"] == first - 1
    assert {e["of"]["seq"] for e in entries} == {10} | set(range(first, 17))
    start(tmp_path)
    assert len(set_aside(tmp_path / "gate.db")) == 1


@pytest.mark.parametrize("damaged", ["a table", "its first page", "an entry that leaving reads"])
def test_a_fork_that_is_then_damaged_brings_what_payroll_has_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    """Confirmed through 14, but from 9 on that was another history's: noted, and then damaged."""
    monkeypatch.setattr(quick_check, "_MOST", 3)
    ledger = made(tmp_path, confirmed=14)
    assert leaving_note.put(tmp_path / "gate.db", ledger, leaving("forked", 9))
    gone = set[int]()
    with closing(sqlite3.connect(tmp_path / "gate.db")) as plain:
        if damaged == "a table":
            plain.execute("DROP TABLE voided")
        if damaged == "an entry that leaving reads":
            gone = {12}
            plain.execute("UPDATE ledger SET wire = x'00' WHERE seq = 12")
        plain.commit()
    if damaged == "its first page":
        with (tmp_path / "gate.db").open("r+b") as file:
            file.write(bytes(4096))
    start(tmp_path, now=later(10**9))
    opened, *entries = sound(tmp_path)
    assert (opened["why"], opened["previous"]["ledger"]) == ("damaged", ledger)
    assert opened["previous"]["seq"] == (0 if damaged == "its first page" else 8)
    assert {e["of"]["seq"] for e in entries} >= set(range(9, 17)) - gone


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note[:40] + b"x" + note[41:],
        lambda note: note[:100].ljust(512, b"\n"),
        lambda note: b"",
        lambda note: bytes(512),
    ],
)
def test_a_note_that_does_not_prove_itself_says_nothing(tmp_path: Path, spoil: Any) -> None:
    ledger = made(tmp_path)
    for of in (ledger, "another ledger"):
        assert leaving_note.put(tmp_path / "gate.db", of, leaving("forked", 5, 'é"\\' * 300))
        note = tmp_path / "gate.db.leave"
        assert note.stat().st_size == 512
        if of == ledger:
            assert leaving_note.read(tmp_path / "gate.db", ledger)
            note.write_bytes(spoil(note.read_bytes()))
        start(tmp_path)
        assert sound(tmp_path)[0]["ledger"] == ledger


def test_every_table_has_been_thought_of() -> None:
    with closing(Database(memory=True)) as database:
        migrations().apply(database)
        tables = set(database.table_names()) - {migrations().migrations_table}
    assert set(TABLES) == tables, "say in carry_over.py whether a new ledger takes it over"


def cut_at(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Every step is counted, and ``at`` of them are made."""
    steps = itertools.count()

    def counted(what: Any) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            if next(steps) == at:
                cut()
            return what(*args, **kwargs)

        return step

    monkeypatch.setattr(Path, "rename", counted(Path.rename))
    monkeypatch.setattr(os, "fsync", counted(os.fsync))
    monkeypatch.setattr(opening, "decide", counted(opening.decide))
    monkeypatch.setattr(opening, "carry_out", counted(opening.carry_out))
    monkeypatch.setattr(successor, "make_successor", counted(successor.make_successor))
    monkeypatch.setattr(opening, "use", counted(opening.use))


@pytest.mark.parametrize("damaged", one_in(2, [False, True]))
def test_a_power_cut_at_any_step_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    original = tmp_path / "original"
    original.mkdir()
    made(original, confirmed=3)
    if damaged:
        with (original / "gate.db").open("r+b") as file:
            file.write(b"\0" * 16)
    steps = 0
    while True:
        folder = tmp_path / f"cut-{steps}"
        shutil.copytree(original, folder)
        here = HERE if damaged else OTHER_CARD

        def leave(folder: Path = folder, here: HostIdentity = here, at: int = steps) -> None:
            cut_at(monkeypatch, at)
            start(folder, here, now=later(10**9))

        whole = in_time(leave)
        start(folder, here, now=later(10**9))
        entries = sound(folder)
        assert [e["of"]["seq"] for e in entries if e["kind"] == "punch.recovered"] == list(
            range(8, 17)
        ), steps
        why = "damaged" if damaged else "cloned-card"
        assert [name for name in names(folder) if not name.endswith("jsonl")] == [
            "gate.db",
            f"gate.db.old-1-{why}",
        ], steps
        steps += 1
        if whole:
            break
    assert steps > 10


class Stopped(Exception):
    pass


def test_an_altered_entry_that_only_leaving_reads_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the last ones, at which each start looks: all the others come along."""
    monkeypatch.setattr(quick_check, "_MOST", 3)
    made(tmp_path)
    with sqlite3.connect(tmp_path / "gate.db") as plain:
        plain.execute("UPDATE ledger SET wire = x'00' WHERE seq = 8")
    plain.close()
    assert damage(tmp_path / "gate.db") is None
    start(tmp_path, OTHER_CARD, now=later(10**9))
    first, *others = sound(tmp_path)
    assert first["why"] == "damaged"
    recovered = [entry["of"]["seq"] for entry in others if entry["kind"] == "punch.recovered"]
    assert recovered == list(range(9, 17))


def test_a_start_on_a_full_disk_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate runs, to tell the workers so; and a ledger that is sound is not left for that."""
    live, crashed, after = tmp_path / "live", tmp_path / "crashed", tmp_path / "after"
    live.mkdir()
    without_index = shutil.ignore_patterns("*-shm")
    with own(live), closing(open_at(live)) as store:
        fill(store)
        ledger = store.ledger
        shutil.copytree(live, crashed, ignore=without_index)

    def use_on_full_disk(database: Database, *, begins: bool) -> None:
        if in_use(database) != begins:
            raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(opening, "use", use_on_full_disk)
        patched.setattr(opening, "is_full", lambda path: True)
        with own(crashed) as begun:
            assert not begun
    shutil.copytree(crashed, after, ignore=without_index)  # As a power cut now leaves it.
    assert damage(after / "gate.db") is None
    with own(after) as begun:
        assert not begun
    assert sound(after)[0]["ledger"] == ledger


@pytest.mark.parametrize("damaged", one_in(2, [False, True]))
def test_a_start_that_is_stopped_leaves_the_old_ledger_as_it_was(
    tmp_path: Path, damaged: bool
) -> None:
    """At whichever entry; and the next start does all of it."""
    original, live = tmp_path / "original", tmp_path / "live"
    live.mkdir()
    with own(live), closing(open_at(live)) as store:  # As it is after a crash: with its log.
        fill(store, confirmed=3)
        ledger = store.ledger
        shutil.copytree(live, original, ignore=shutil.ignore_patterns("*-shm"))
    if damaged:
        for file in original.glob("gate.db*"):
            file.write_bytes(b"\0" * 16 + file.read_bytes()[16:])
    before = (original / "gate.db").read_bytes()
    stops = itertools.count()
    for stop_at in stops:
        folder = tmp_path / f"stopped-{stop_at}"
        shutil.copytree(original, folder)
        beats = itertools.count()

        def beat(beats: Any = beats, stop_at: int = stop_at) -> None:
            if next(beats) == stop_at:
                raise Stopped

        here = HERE if damaged else OTHER_CARD
        with suppress(Stopped):
            with own(folder, here, now=later(10**9), beat=beat) as begun:
                assert begun
            break
        assert not [name for name in names(folder) if "building" in name or "old" in name]
        if damaged:
            assert (folder / "gate.db").read_bytes() == before
        else:
            assert damage(folder / "gate.db") is None
            assert sound(folder)[0]["ledger"] == ledger
        start(folder, here, now=later(10**9))
        first, *others = sound(folder)
        assert first["why"] == ("damaged" if damaged else "cloned-card")
        recovered = [e["of"]["seq"] for e in others if e["kind"] == "punch.recovered"]
        assert recovered == list(range(8, 17))
    assert stop_at > 15


def test_cutting_finds_an_order_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a new database that takes the place at once loses the old one."""
    made(tmp_path)

    def at_once(path: Path, why: str, gone: list[str]) -> None:
        swap.building(path).rename(path)

    monkeypatch.setattr(opening, "decide", at_once)
    start(tmp_path, OTHER_CARD)
    assert set_aside(tmp_path / "gate.db") == []


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        ({}, {"serial": "1"}, None),
        ({"serial": "1"}, {}, None),
        ({"serial": "1", "machine-id": "a"}, {"serial": "1", "machine-id": "b"}, None),
        ({"serial": "1", "machine-id": "a"}, {"serial": "2", "machine-id": "a"}, "other-board"),
        ({"machine-id": "a"}, {"serial": "2", "machine-id": "a"}, None),
        ({"machine-id": "a"}, {"serial": "2", "machine-id": "b"}, "other-board"),
    ],
)
def test_what_is_unknown_is_not_different(
    then: dict[str, str], now: dict[str, str], why: str | None
) -> None:
    bound = Bound(gate=GATE, copy=None, host_identity=HostIdentity(board=then, card={}))
    assert why_leave(bound, GATE, HostIdentity(board=now, card={})) == why


def test_receipts_cannot_make_a_gate_leave_one_ledger_after_the_other() -> None:
    hour = 3_600_000
    for why, after, may in (
        ("first-start", 0, True),
        ("cloned-card", 0, True),
        ("payroll-is-ahead", 23 * hour, False),
        ("forked", 23 * hour, False),
        ("forked", 24 * hour, True),
    ):
        assert may_leave_again(why, NOON, later(after)) == may  # type: ignore[arg-type]
    # Another boot whose clock nobody knows: only what has certainly passed counts.
    assert not may_leave_again("forked", NOON, unsynced(23 * hour, boot="b"))


def test_a_pruned_ledger_may_be_left(tmp_path: Path) -> None:
    """Nobody can ask any more why it was begun, and that is long enough ago."""
    written = tmp_path / "gate.toml"
    written.write_text(f'[gate]\nid = "{GATE}"\n[store]\npath = "gate.db"\n')
    with closing(open_store(tmp_path)) as store:
        for _ in range(4):
            append(store)
        with store.changing() as change:
            change.forget_through(3)
        assert Assembly(load_settings(written)).may_leave(store)


def test_an_unbound_ledger_is_bound_now(tmp_path: Path) -> None:
    store = open_at(tmp_path)
    ledger = store.ledger
    append(store, punch())
    store.close()
    start(tmp_path, HostIdentity(board={"machine-id": "m1"}, card={}))
    start(tmp_path, HERE)  # more is known by now
    with closing(open_at(tmp_path)) as store:
        assert store.ledger == ledger
    start(tmp_path, OTHER_BOARD)
    with closing(open_at(tmp_path)) as store:
        assert store.ledger != ledger
        verify_ledger(store)


def test_what_was_not_finished_is_made_anew(tmp_path: Path) -> None:
    made(tmp_path)
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"gate.db.building{suffix}").write_bytes(b"half made")
    start(tmp_path, OTHER_CARD)
    assert sound(tmp_path)[0]["why"] == "cloned-card"


def test_what_was_said_of_a_punch_is_said_again_in_the_new_ledger(tmp_path: Path) -> None:
    """Its time, that it was withdrawn: of the punch as the new ledger counts it."""
    made(tmp_path, confirmed=11)
    with closing(open_at(tmp_path)) as store, store.changing() as change:
        resolved = PunchTimeResolved(
            of=10,
            worker="NV003",
            at="2026-11-18T18:06:41.000+07:00",
            uncertainty_ms=40,
            not_before=None,
            not_after=None,
            final=True,
        )
        change.append(resolved, later(2000))
        voided = PunchVoided(of=12, worker="NV002", reason="wrong-person", actor="NV900")
        change.append(voided, later(2001))
    start(tmp_path, OTHER_CARD, now=later(10**9))
    entries = sound(tmp_path)
    place = {e["of"]["seq"]: e["seq"] for e in entries if e["kind"] == "punch.recovered"}
    said = {e["kind"]: e for e in entries if not e["kind"].endswith(("recovered", "opened"))}
    assert set(said) == {"punch.time-resolved", "punch.voided"}
    # Amended punches come along even where payroll has them: of what else would it be said?
    assert said["punch.time-resolved"]["of"] == place[10]
    assert said["punch.time-resolved"]["at"] == "2026-11-18T18:06:41.000+07:00"
    assert (said["punch.voided"]["of"], said["punch.voided"]["reason"]) == (
        place[12],
        "wrong-person",
    )
    with closing(open_at(tmp_path)) as store:
        assert store.is_voided(place[12])


@pytest.mark.parametrize("damaged", [False, True])
def test_a_code_s_former_holder_keeps_the_punches_in_the_next_ledger(
    tmp_path: Path, damaged: bool
) -> None:
    start(tmp_path)

    def name(code: str, name: str, **other: bool) -> None:
        with store.changing() as change:
            change.put_worker(Worker(code=code, name=name), **other)

    with closing(open_at(tmp_path)) as store:
        name("007", "Lê Thị Hoa")
        name("008", "Lê Thị Hoa")
        append(store, punch("007"), later(1000))
        append(store, punch("008"), later(1000))
        name("007", "Trần Văn Ba")
        name("008", "Trần Thị Hoa Mai", same_person=True)
        append(store, punch("007"), later(2000))
        name("007", "Trần Văn Bá")  # a tone mark
        append(store, punch("007"), later(3000))
        name("009", "Vi Thị Lan")
        name("009", "Vi Thị Lan Anh")
        name("010", "Hà Thị Nga")
        with store.changing() as change:
            change.put_print(
                Print(worker="010", finger="left-thumb", slot=9, generation=1), bytes(32)
            )
        name("010", "Bùi Văn Tú")
        ledger = store.ledger
        last = store.tail().seq
        store.move_watermarks(Watermarks(last, last))
    expected = [
        ("007", "Lê Thị Hoa"),
        ("008", "Trần Thị Hoa Mai"),
        ("007", "Trần Văn Bá"),
        ("007", "Trần Văn Bá"),
    ]

    def shown() -> list[tuple[str, str | None]]:
        with closing(open_at(tmp_path)) as store:
            had_by, found = store.holders(), datas(store)
        return [
            (one["worker"], had_by.at(one["worker"], one["seq"]))
            for one in found
            if one["kind"].startswith("punch.")
        ]

    assert shown() == expected
    here = HERE if damaged else OTHER_CARD
    if damaged:
        note = leaving("damaged", detail="seen in use")
        assert leaving_note.put(tmp_path / "gate.db", ledger, note)
    start(tmp_path, here, now=later(4000))
    with closing(open_at(tmp_path)) as store:
        assert store.vouched_names() == {"009": "Vi Thị Lan", "010": "Hà Thị Nga"}
        assert store.held_back() == {"010": "Hà Thị Nga"}
    assert len(set_aside(tmp_path / "gate.db")) == 1
    assert shown() == expected
