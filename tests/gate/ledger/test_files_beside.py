"""What lies beside a database: nobody else's to read, and no link of another's leads root away.

The folder is the service's user's. Root comes there too: a first ``sudo edge-agent workers add``.
"""

import encodings.utf_16_be  # noqa: F401 - what another user could not import any more
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from edge_agent.contract.atomic_file import create_private
from edge_agent.contract.errors import EdgeAgentError, StoreFault
from edge_agent.contract.facts import RecordingStopped
from edge_agent.gate.control.server import ControlServer
from edge_agent.gate.errors import GateBusy
from edge_agent.gate.host.lock import GateLock
from edge_agent.gate.ledger.damage.readable import write_readable
from edge_agent.gate.ledger.damage.salvage import _with_its_header
from edge_agent.gate.ledger.store.backup import backup
from edge_agent.gate.ledger.store.notes import Gap, gap_note, leaving, leaving_note
from edge_agent.gate.ledger.succession.swap import building, decide
from edge_agent.receiver.databases import open_database
from edge_agent.receiver.office.correct import add
from edge_agent.receiver.office.journal import Who
from edge_agent.receiver.store import PayrollStore
from tests.other_user import as_user, needs_root, open_folder

from .ledgers import NOON, append, open_store

SERVICE = 65534
"""nobody's number: who owns the folder."""

Step = Callable[[], object]


def gates_work(folder: Path) -> Iterator[Step]:
    """What a gate writes in its folder in the whole of its life, a step at a time."""
    database = folder / "gate.db"
    opened = ExitStack()
    lock = GateLock(database)
    yield lambda: lock.acquire("test")
    yield lambda: opened.enter_context(closing(open_store(folder))).keep_reserve()
    yield lambda: append(opened.enter_context(closing(open_store(folder))))
    gap = Gap(RecordingStopped(reason="disk-full"), NOON)
    yield lambda: gap_note.put(database, "a-ledger", gap)
    yield lambda: leaving_note.put(database, "a-ledger", leaving("damaged"))
    yield lambda: backup(database, folder / "gate.db.copy")
    yield lambda: _damaged(database)
    yield lambda: write_readable(database)
    yield lambda: opened.callback(
        ControlServer(folder / "gate.db.sock", lambda *_: None, dict).close
    )
    yield lambda: _decided(database)
    yield opened.close
    yield lock.release


def _damaged(database: Path) -> None:
    with _with_its_header(database, lambda: None):
        names(database.parent)
    old = database.with_name("gate.db.old-1-damaged")
    with suppress(FileExistsError), os.fdopen(create_private(old), "wb") as copy:
        copy.write(database.read_bytes())


def _decided(database: Path) -> None:
    os.close(create_private(building(database)))
    decide(database, "damaged")


def payrolls_work(folder: Path) -> Iterator[Step]:
    """The same of payroll's receiver and its office."""
    database = str(folder / "payroll.db")
    opened = ExitStack()
    yield lambda: opened.enter_context(closing(PayrollStore(database)))
    yield lambda: _correct(database)
    yield opened.close


def _correct(database: str) -> None:
    with closing(open_database(database, alone=False)) as office:
        add(
            office,
            Who("2026-11-02T01:00:00Z", "office", "forgot"),
            "NV001",
            "2026-11-02 07:00",
            zone="Asia/Ho_Chi_Minh",
            force=True,
        )


WORK = {"gate": gates_work, "payroll": payrolls_work}


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def names(folder: Path) -> dict[str, int]:
    """What is there, and its mode."""
    return {path.name: stat.S_IMODE(path.lstat().st_mode) for path in folder.iterdir()}


MADE = {
    "gate": {
        *("gate.db", "gate.db-wal", "gate.db-shm", "gate.db.lock", "gate.db.reserve"),
        *("gate.db.people", "gate.db.gap", "gate.db.leave", "gate.db.building", "gate.db.copy"),
        *("gate.db.old-1-damaged.jsonl", "gate.db.sock", "gate.db.next-2-damaged"),
    },
    "payroll": {
        *("payroll.db", "payroll.db-wal", "payroll.db-shm", "payroll.db.lock"),
        "payroll.db.corrections",
    },
}


@needs_root
@pytest.mark.parametrize("side", WORK)
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277, 0o777])
def test_nobody_else_reads_what_is_made(side: str, mask: int) -> None:
    """As the service's user, to whom modes mean something."""
    with open_folder() as folder:
        os.chown(folder, SERVICE, SERVICE)
        folder.chmod(0o700)
        seen = folder / "seen"

        def work() -> None:
            made: dict[str, int] = {}
            with umask(mask):
                for step in WORK[side](folder):
                    step()
                    made |= names(folder)
            seen.write_text("\n".join(f"{name} {mode:o}" for name, mode in made.items()))

        assert as_user("nobody", work) == ""
        made = dict(line.split() for line in seen.read_text().splitlines())
    assert MADE[side] - {"gate.db.building"} <= made.keys()
    allowed = {"600", "640", "660"}
    assert {name: mode for name, mode in made.items() if mode not in allowed} == {}


@needs_root
@pytest.mark.parametrize("side", WORK)
@pytest.mark.parametrize("there", [True, False], ids=["there", "not there"])
def test_root_writes_through_no_link_of_anothers(side: str, there: bool) -> None:
    more = {"payroll": [], "gate": ["gate.db.reserve.half", "gate.db.gap.part"]}[side]
    more += [f"{side}.db-journal", f"{side}.db.people.part", f"{side}.db.building-wal"]
    for name in [*sorted(MADE[side]), *more]:
        with open_folder() as folder, open_folder() as roots:
            victim = roots / "passwd"
            if there:
                victim.touch(0o600)
                victim.write_text("root:x:0:0\n")
            os.chown(folder, SERVICE, SERVICE)
            (folder / name).symlink_to(victim)
            os.lchown(folder / name, SERVICE, SERVICE)
            for step in WORK[side](folder):
                with suppress(EdgeAgentError, OSError):
                    step()
            if there:
                found = victim.lstat()
                assert (name, victim.read_text()) == (name, "root:x:0:0\n")
                assert (name, found.st_uid, f"{found.st_mode & 0o777:o}") == (name, 0, "600")
                victim.unlink()
            assert (name, list(roots.iterdir())) == (name, [])


@needs_root
@pytest.mark.parametrize("side", WORK)
def test_a_folder_that_is_anothers_link_is_told(side: str) -> None:
    with open_folder() as folder, open_folder() as roots:
        os.chown(folder, SERVICE, SERVICE)
        (folder / "data").symlink_to(roots)
        os.lchown(folder / "data", SERVICE, SERVICE)
        first = next(WORK[side](folder / "data"))
        with pytest.raises(StoreFault, match=f"{folder}/data is a link that another user has laid"):
            first()
        assert list(roots.iterdir()) == []


@needs_root
def test_a_link_of_roots_own_is_followed_and_anothers_by_anybody_else() -> None:
    """The control: what an administrator has decided, and what only concerns oneself."""
    with open_folder() as folder, open_folder() as disk:
        (folder / "data").symlink_to(disk)
        with closing(open_store(folder / "data")):
            assert "gate.db" in names(disk)
    with open_folder() as folder, open_folder() as disk:
        os.chown(folder, SERVICE, SERVICE)
        os.chown(disk, SERVICE, SERVICE)
        (folder / "data").symlink_to(disk)
        os.lchown(folder / "data", SERVICE, SERVICE)
        assert as_user("nobody", lambda: open_store(folder / "data").close()) == ""


def test_what_an_older_version_left_open_is_closed(tmp_path: Path) -> None:
    """A first command by sudo made it 0644, whatever the service's own umask."""
    open_store(tmp_path).close()
    (tmp_path / "gate.db").chmod(0o644)
    (tmp_path / "gate.db.old-1-damaged").touch(0o666)
    (tmp_path / "gate.db.lock").touch(0o660)
    open_store(tmp_path).close()
    assert not any(mode & stat.S_IRWXO for mode in names(tmp_path).values())
    assert names(tmp_path)["gate.db.lock"] & 0o060


def test_a_link_to_a_lock_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "gate.db.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises((StoreFault, GateBusy)):
        GateLock(tmp_path / "gate.db").acquire("test")
    assert not (tmp_path / "elsewhere").exists()
