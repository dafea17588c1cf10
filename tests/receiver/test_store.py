"""What payroll's database holds after whatever happened on the way."""

import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from edge_agent.contract.chain import Entry, Scribe
from edge_agent.contract.errors import StoreFault
from edge_agent.contract.facts import GateAlive
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.receiver.accept import Arrival, MalformedEntry, Tip, read
from edge_agent.receiver.databases.database import DatabaseAway, Unfit
from edge_agent.receiver.store import Foreign, PayrollStore
from tests.gate.ledger.ledgers import open_store

from .conftest import KINDS
from .gate import write_ledger
from .running import rows

AT = "2026-11-23T00:00:00.000Z"


def arrivals(*entries: Entry) -> list[Arrival]:
    return [read("main-gate", entry.wire) for entry in entries]


@pytest.fixture
def store(database: str) -> Iterator[PayrollStore]:
    with closing(PayrollStore(database)) as store:
        yield store


@pytest.fixture(scope="module", params=KINDS)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[PayrollStore, str]]:
    """One database for many examples: each has a ledger of its own."""
    if request.param == "sqlite":
        database = str(tmp_path_factory.mktemp("shared") / "payroll.db")
    else:
        database = request.getfixturevalue("new_postgresql_database")()
    with closing(PayrollStore(database)) as store:
        yield store, database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where only SQLite can be meant."""
    return tmp_path / "payroll.db"


def held(database: str, table: str, ledger: str) -> list[tuple[int, str]]:
    return rows(database, f"SELECT seq, hash FROM {table} WHERE ledger = '{ledger}' ORDER BY seq")


def keys(entries: list[Entry]) -> list[tuple[int, str]]:
    return [(entry.seq, entry.hash.hex()) for entry in entries]


def deliver_rest(store: PayrollStore, entries: list[Entry]) -> Tip:
    """The gate sends again what is not confirmed, and what it is asked for, until all is held.

    Gives up where that takes too long. Returns what the last receipt says.
    """
    again = entries
    for _ in range(3 * len(entries)):
        (standing,) = store.take(arrivals(*again), AT).progress
        if standing.tip.through == len(entries):
            break
        again = [entries[seq - 1] for seq in standing.missing] or entries[standing.tip.through :]
    return standing.tip


DELIVERY = st.lists(st.lists(st.integers(0, 15), max_size=6), max_size=8)
"""Batches of places in a list of entries: any order, repeated, left out."""


@given(DELIVERY, st.integers(1, 8))
def test_any_delivery_ends_with_every_entry_once(
    shared: tuple[PayrollStore, str], delivery: list[list[int]], count: int
) -> None:
    store, database = shared
    ledger = str(uuid.uuid4())
    entries = write_ledger(count, ledger)
    seen: set[int] = set()
    for batch in delivery:
        seqs = [place % count + 1 for place in batch]
        taken = store.take(arrivals(*(entries[seq - 1] for seq in seqs)), AT)
        assert taken.new == len(set(seqs) - seen)
        assert taken.duplicates == len(seqs) - taken.new
        seen |= set(seqs)
        through = next(seq for seq in range(count + 1) if seq + 1 not in seen)
        beyond = [seq for seq in seen if seq > through]
        for standing in taken.progress:
            assert standing.tip.through == through
            assert standing.missing == (range(through + 1, min(beyond)) if beyond else range(0))
    tip = deliver_rest(store, entries)
    assert (tip.through, tip.hash) == keys(entries)[-1]
    assert held(database, "entries", ledger) == keys(entries)
    assert held(database, "forks", ledger) == []


@given(DELIVERY, st.integers(1, 8), st.integers(0, 7))
def test_both_histories_of_a_fork_are_kept(
    shared: tuple[PayrollStore, str], delivery: list[list[int]], count: int, common: int
) -> None:
    store, database = shared
    ledger = str(uuid.uuid4())
    ours = write_ledger(count, ledger)
    theirs = write_ledger(count, ledger, after=ours[: common % count])
    both = ours + theirs[common % count :]
    alarms = 0
    for batch in delivery:
        taken = store.take(arrivals(*(both[place % len(both)] for place in batch)), AT)
        alarms += sum(len(standing.forks) for standing in taken.progress)
    # Both go on sending; the history that is not held never gets a receipt for what it added.
    for history in (ours, theirs, ours):
        deliver_rest(store, history)
    chain, forks = held(database, "entries", ledger), held(database, "forks", ledger)
    event("ours is held" if chain == keys(ours) else "theirs is held")
    assert chain in (keys(ours), keys(theirs))
    assert {*chain, *forks} == {*keys(ours), *keys(theirs)}
    assert not {*chain} & {*forks}


def test_fork_of_an_entry_is_kept_and_told_once(store: PayrollStore, database: str) -> None:
    ours = write_ledger(3, "a")
    theirs = write_ledger(3, "a", after=ours[:2])
    store.take(arrivals(*ours), AT)
    (standing,) = store.take(arrivals(theirs[2]), AT).progress
    assert (standing.forks, standing.tip.hash) == ([3], ours[2].hash.hex())
    again = store.take(arrivals(theirs[2]), AT)
    assert (again.duplicates, again.progress[0].forks) == (1, [])
    assert held(database, "forks", "a") == keys(theirs)[2:]


def test_entry_that_does_not_link_is_kept_and_never_confirmed(
    store: PayrollStore, database: str
) -> None:
    ours = write_ledger(4, "a")
    theirs = write_ledger(4, "a", after=ours[:2])
    store.take(arrivals(*ours[:3]), AT)
    (standing,) = store.take(arrivals(theirs[3]), AT).progress
    assert (standing.tip.through, standing.forks) == (3, [4])
    assert held(database, "forks", "a") == keys(theirs)[3:]
    (standing,) = store.take(arrivals(ours[3]), AT).progress
    assert standing.tip == Tip(4, ours[3].hash.hex())


def test_entry_beyond_a_gap_that_proves_not_to_link_is_set_aside(store: PayrollStore) -> None:
    ours = write_ledger(4, "a")
    theirs = write_ledger(4, "a", after=ours[:2])
    (standing,) = store.take(arrivals(*ours[:2], theirs[3]), AT).progress
    assert (standing.forks, standing.missing) == ([], range(3, 4))
    (standing,) = store.take(arrivals(ours[2]), AT).progress
    assert (standing.tip.through, standing.forks) == (3, [4])


def write_next(entries: list[Entry], ledger: str, gate: str) -> Entry:
    """The entry that would follow, written by a gate that has seen all before it."""
    moment = Stamp(
        boot="b", boottime_ms=0, wall_ms=0, state=ClockState.UNSYNCED, uncertainty_ms=None
    )
    scribe = Scribe(gate=gate, ledger=ledger, zone=ZoneInfo("UTC"))
    fact = GateAlive(recording=True, version="1")
    return scribe.write(fact, moment, len(entries) + 1, entries[-1].hash)


def test_a_ledger_has_one_writer(store: PayrollStore, database: str) -> None:
    """Another gate that knows its id and its last hash adds nothing, and is told nothing."""
    ledger = str(uuid.uuid4())
    first, second = write_ledger(2, ledger)
    forged = read("evil", write_next([first], ledger, "evil").wire)
    copied = msgspec.structs.replace(arrivals(first)[0], gate="evil")
    taken = store.take([*arrivals(first), forged, copied], AT)
    assert [(at.gate, at.tip.through) for at in taken.progress] == [("main-gate", 1)]
    assert taken.foreign == [Foreign("evil", ledger, "main-gate")] * 2
    taken = store.take([forged, copied], AT)
    assert (taken.progress, len(taken.foreign)) == ([], 2)
    taken = store.take(arrivals(second), AT)
    assert [(at.tip.through, at.forks) for at in taken.progress] == [(2, [])]
    assert held(database, "forks", ledger) == []
    assert store.through(ledger, "evil") is None


def test_whoever_came_first_makes_way_for_the_gate_that_opened_the_ledger(
    store: PayrollStore, database: str
) -> None:
    ledger = str(uuid.uuid4())
    entries = write_ledger(3, ledger)
    forged = read("evil", write_next(entries[:1], ledger, "evil").wire)
    (standing,) = store.take([forged], AT).progress
    assert (standing.gate, standing.tip.through) == ("evil", 0)
    assert store.take(arrivals(entries[1]), AT).foreign == [Foreign("main-gate", ledger, "evil")]
    (standing,) = store.take(arrivals(*entries), AT).progress
    assert (standing.gate, standing.tip.through, standing.forks) == ("main-gate", 3, [2])
    assert held(database, "entries", ledger) == keys(entries)
    assert held(database, "forks", ledger) == [(2, forged.hash)]
    assert store.take([forged], AT).progress == []


def test_a_ledger_is_opened_by_nobody_for_another() -> None:
    (opened,) = write_ledger(1, gate="main-gate")
    wire = opened.wire.replace(b"/gates/main-gate", b"/gates/evil")
    with pytest.raises(MalformedEntry, match="opens another gate's ledger"):
        read("evil", wire)


def test_punches_are_plain_to_read(store: PayrollStore, database: str) -> None:
    store.take(arrivals(*write_ledger(3, "a")), AT)
    assert rows(
        database,
        "SELECT code, date, time, gate, state, direction, source, ledger, seq FROM punches"
        " ORDER BY seq",
    ) == [
        ("NV0002", "2026-11-23", "12:58:05", "main-gate", "valid", "out", "finger", "a", 2),
        ("NV0003", "2026-11-23", "12:58:06", "main-gate", "valid", "in", "finger", "a", 3),
    ]


def test_wire_bytes_are_kept_as_they_came(store: PayrollStore, database: str) -> None:
    entries = write_ledger(3, "a")
    store.take(arrivals(*entries), AT)
    assert [bytes(wire) for (wire,) in rows(database, "SELECT wire FROM entries ORDER BY seq")] == [
        entry.wire for entry in entries
    ]


def test_standings_and_their_gaps_are_known_after_a_restart(database: str) -> None:
    entries = write_ledger(5, "a")
    with closing(PayrollStore(database)) as store:
        (before,) = store.take(arrivals(*entries[:2], entries[4]), AT).progress
    with closing(PayrollStore(database)) as store:
        assert list(store.progress()) == [before]
    assert before.missing == range(3, 5)


def test_batch_that_fails_leaves_nothing(store: PayrollStore, database: str) -> None:
    first, second = write_ledger(2, "a")
    broken = msgspec.structs.replace(arrivals(second)[0], seq=2**70)
    with pytest.raises(Unfit):
        store.take([*arrivals(first), broken], AT)
    assert rows(database, "SELECT count(*) FROM entries") == [(0,)]
    assert store.take(arrivals(first), AT).new == 1


def test_second_receiver_is_told_that_there_is_a_first(file: Path) -> None:
    with closing(PayrollStore(str(file))), pytest.raises(StoreFault, match="Another receiver uses"):
        PayrollStore(str(file))
    PayrollStore(str(file)).close()


def test_second_receiver_is_seen_through_a_link(file: Path, tmp_path: Path) -> None:
    other_name = tmp_path / "link.db"
    other_name.symlink_to(file)
    with closing(PayrollStore(str(file))), pytest.raises(StoreFault, match="Another receiver"):
        PayrollStore(str(other_name))


def test_database_of_another_program_is_left_alone(file: Path) -> None:
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("CREATE TABLE salaries (code TEXT)")
    before = file.read_bytes()
    with pytest.raises(StoreFault, match="another program's database"):
        PayrollStore(str(file))
    assert file.read_bytes() == before


def test_the_database_of_a_gate_is_left_alone(tmp_path: Path) -> None:
    """Its lock is beside it, where a receiver's would be: no other receiver is to be blamed."""
    open_store(tmp_path).close()
    file = tmp_path / "gate.db"
    before, beside = file.read_bytes(), sorted(tmp_path.iterdir())
    (tmp_path / "gate.db.lock").touch()
    for where in (file, tmp_path / "gate.db.lock" / ".." / "gate.db"):
        with pytest.raises(StoreFault, match="is the database of gate main-gate itself"):
            PayrollStore(str(where))
    assert file.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [*beside, tmp_path / "gate.db.lock"]


def test_the_database_of_a_gate_that_runs_is_known_by_its_log_too(tmp_path: Path) -> None:
    with (
        closing(open_store(tmp_path)),
        pytest.raises(StoreFault, match="is the database of gate main-gate itself"),
    ):
        PayrollStore(str(tmp_path / "gate.db"))


def test_newer_database_is_left_alone(file: Path) -> None:
    PayrollStore(str(file)).close()
    with closing(sqlite3.connect(file)) as conn, conn:
        conn.execute("INSERT INTO receiver_steps VALUES ('from_the_future')")
    before = file.read_bytes()
    with pytest.raises(StoreFault, match="newer version"):
        PayrollStore(str(file))
    assert file.read_bytes() == before


def test_file_that_is_no_database_is_left_alone(file: Path) -> None:
    file.write_bytes(b"salaries of November\n" * 100)
    before = file.read_bytes()
    with pytest.raises(StoreFault, match="a file of another kind and no database"):
        PayrollStore(str(file))
    assert file.read_bytes() == before


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="nowhere"):
        PayrollStore(str(tmp_path / "nowhere" / "payroll.db"))


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_the_file_and_all_beside_it_are_their_owner_s_alone(file: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with closing(PayrollStore(str(file))) as store:
            store.take(arrivals(*write_ledger(3)), AT)
            made = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    finally:
        os.umask(before)
    assert {"payroll.db", "payroll.db-wal", "payroll.db-shm", "payroll.db.lock"} <= made.keys()
    assert set(made.values()) == {0o600}


def test_a_file_that_everybody_may_read_is_closed_and_a_group_s_is_left(file: Path) -> None:
    PayrollStore(str(file)).close()
    for mode, after in ((0o644, 0o600), (0o640, 0o640)):
        file.chmod(mode)
        PayrollStore(str(file)).close()
        assert file.stat().st_mode & 0o777 == after


def test_the_mode_of_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    """A folder that was named by mistake may be everybody's, /tmp say."""
    folder, salaries = tmp_path / "everybody", tmp_path / "salaries.db"
    folder.mkdir()
    folder.chmod(0o1777)
    with closing(sqlite3.connect(salaries)) as conn:
        conn.execute("CREATE TABLE salaries (code TEXT)")
    salaries.chmod(0o644)
    for path in (folder, salaries):
        with pytest.raises(StoreFault):
            PayrollStore(str(path))
    assert folder.stat().st_mode & 0o7777 == 0o1777
    assert salaries.stat().st_mode & 0o777 == 0o644


def test_times_in_postgresql_are_times(new_postgresql_database: Callable[[], str]) -> None:
    database = new_postgresql_database()
    PayrollStore(database).close()
    found = rows(
        database,
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_name IN"
        " ('punches', 'sessions') AND data_type = 'timestamp with time zone' ORDER BY 1, 2",
    )
    assert [name for table, name in found if table == "punches"] == [
        "at",
        "not_after",
        "not_before",
    ]
    assert [name for table, name in found if table == "sessions"] == [
        *("in_at", "not_after", "not_before", "out_at", "shift_begin", "shift_end"),
    ]


def test_commits_are_durable(file: Path) -> None:
    with closing(PayrollStore(str(file))) as store:
        assert rows(file, "PRAGMA journal_mode") == [("wal",)]
        assert store._database.query("PRAGMA synchronous") == [(3,)]


def test_commits_are_durable_whatever_the_server_was_told(
    new_postgresql_database: Callable[[], str],
) -> None:
    database = new_postgresql_database()
    rows(database, "ALTER DATABASE x SET synchronous_commit = off".replace("x", name_of(database)))
    with closing(PayrollStore(database)) as store:
        assert store._database.query("SHOW synchronous_commit") == [("on",)]


def name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def test_second_receiver_waits_for_the_first(new_postgresql_database: Callable[[], str]) -> None:
    database = new_postgresql_database()
    with (
        closing(PayrollStore(database)),
        pytest.raises(DatabaseAway, match="Another receiver uses"),
    ):
        PayrollStore(database)
    PayrollStore(database).close()


def test_other_tables_of_the_server_are_left_alone(
    new_postgresql_database: Callable[[], str],
) -> None:
    database = new_postgresql_database()
    made = "CREATE TABLE public.entries AS SELECT 7 AS salary; SELECT salary FROM public.entries"
    rows(database, made)
    with closing(PayrollStore(database)) as store:
        store.take(arrivals(*write_ledger(3, "a")), AT)
    assert rows(database, "SELECT salary FROM public.entries") == [(7,)]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://payroll:secret@localhost/x", "has a password in it"),
        ("postgresql://localhost:1/x", "is away"),
        ("postgresql://localhost/x?nonsense=1", "cannot be read"),
    ],
)
def test_url_that_cannot_be_used_is_told_without_the_password(url: str, told: str) -> None:
    with pytest.raises(StoreFault, match=told) as error:
        PayrollStore(url)
    assert "secret" not in str(error.value)
