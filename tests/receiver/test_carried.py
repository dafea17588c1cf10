"""Payroll takes in what gates without a line send on a stick, and answers with receipts."""

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.contract import atomic_file
from edge_agent.contract.carried import ENTRIES, RECEIPTS, Head, lines, proven, written
from edge_agent.contract.chain import Entry
from edge_agent.contract.errors import BadRequest
from edge_agent.contract.signatures import Believed
from edge_agent.receiver.databases.sqlite_database import OF_SERVICE
from edge_agent.receiver.signing_key import new_signing_key
from edge_agent.receiver.store import PayrollStore
from tests.commands import leaves
from tests.gate.ledger.ledgers import open_store

from .gate import write_ledger
from .running import rows
from .test_store import AT, arrivals

Receive = Callable[..., Result]


def stick(path: Path, entries: list[Entry], gate: str = "main-gate", **other: Any) -> Path:
    """What ``carry out`` writes of these entries."""
    wires = [entry.wire for entry in entries]
    ledger = json.loads(wires[0])["data"]["ledger"]
    said = {"lines": len(wires), "gate": gate, "ledger": ledger, "first": entries[0].seq} | other
    head = Head(format=ENTRIES, version=1, **said)
    path.write_bytes(b"".join(written(head, wires)))
    return path


def brought(path: Path) -> list[Any]:
    """The receipts in a file."""
    with path.open("rb") as file:
        proven(file, path, RECEIPTS)
        return [json.loads(line) for line in lines(file)]


def held(database: str) -> list[int]:
    return [seq for (seq,) in rows(database, "SELECT seq FROM entries ORDER BY seq")]


def test_a_stick_counts_as_the_broker_does(receive: Receive, database: str, tmp_path: Path) -> None:
    entries, receipts = write_ledger(12), tmp_path / "receipts"
    with closing(PayrollStore(database)) as store:
        store.take(arrivals(*entries[:5]), AT)
    told = receive("carry", "in", str(stick(tmp_path / "a", entries)), "--receipts", str(receipts))
    assert told.exit_code == 0, told.stderr
    assert "12 entries of gate main-gate, 7 of them new, 5 here before" in told.stdout
    assert held(database) == list(range(1, 13))
    [one] = brought(receipts)
    assert one["gate"] == "main-gate"
    assert (one["receipt"]["through"], one["receipt"]["hash"]) == (12, entries[-1].hash.hex())


def test_sticks_may_be_lost_doubled_old_and_out_of_order(
    receive: Receive, database: str, tmp_path: Path
) -> None:
    PayrollStore(database).close()
    entries = write_ledger(12)
    early, late = stick(tmp_path / "a", entries[:4]), stick(tmp_path / "c", entries[8:])
    both = receive("carry", "in", str(late), str(early), "--receipts", str(tmp_path / "r1"))
    assert "entries 5 to 8 of gate main-gate are missing" in both.stderr
    assert brought(tmp_path / "r1")[0]["receipt"]["through"] == 4
    stick(tmp_path / "all", entries)
    receive("carry", "in", str(tmp_path / "all"), "--receipts", str(tmp_path / "r2"))
    again = receive("carry", "in", str(early), "--receipts", str(tmp_path / "r3"), "--json")
    assert (json.loads(again.stdout)[0]["new"], json.loads(again.stdout)[0]["known"]) == (0, 4)
    assert [one["receipt"]["through"] for one in brought(tmp_path / "r3")] == [12]
    assert held(database) == list(range(1, 13))
    assert rows(database, "SELECT * FROM forks") == []


def test_a_tampered_stick_changes_nothing(receive: Receive, tmp_path: Path, database: str) -> None:
    entries, receipts = write_ledger(6), tmp_path / "receipts"
    with closing(PayrollStore(database)) as store:
        store.take(arrivals(*entries[:2]), AT)
    wires = [entry.wire for entry in entries]
    data = json.loads(wires[3])["data"]
    other = dict(zip(("gate", "ledger"), ("main-gate", data["ledger"]), strict=True))
    forged = [*wires[:3], wires[3].replace(b"NV0004", b"NV0005"), *wires[4:]]
    for at, (lied, why) in enumerate(
        (
            ((forged, other), "Line 5 of"),
            ((wires, other | {"gate": "north-gate"}), "Line 2 of"),
            ((wires, other | {"ledger": "another"}), "Line 2 of"),
            ((wires, other | {"gate": "a/b"}), "is no file of"),
        )
    ):
        path = tmp_path / str(at)
        head = Head(format=ENTRIES, version=1, lines=len(lied[0]), **lied[1])
        path.write_bytes(b"".join(written(head, lied[0])))
        # A good one beside it is not taken either: it is all of them or none.
        whole = stick(tmp_path / "whole", entries)
        told = receive("carry", "in", str(whole), str(path), "--receipts", str(receipts))
        assert (told.exit_code, why in told.stderr) == (65, True), told.stderr
        assert "Nothing was changed" in told.stderr
    assert held(database) == [1, 2]
    assert not receipts.exists()


def test_whoever_writes_another_history_is_set_aside_as_a_fork(
    receive: Receive, tmp_path: Path, database: str
) -> None:
    entries = write_ledger(6)
    with closing(PayrollStore(database)) as store:
        store.take(arrivals(*entries), AT)
    ledger = json.loads(entries[0].wire)["data"]["ledger"]
    clone = stick(tmp_path / "a", write_ledger(9, ledger, after=entries[:3])[3:])
    told = receive("carry", "in", str(clone), "--receipts", str(tmp_path / "r"))
    assert "contradict what is held" in told.stderr
    [one] = brought(tmp_path / "r")
    assert one["receipt"]["hash"] == entries[-1].hash.hex()


def test_receipts_are_signed_where_the_site_signs(
    receive: Receive, tmp_path: Path, database: str
) -> None:
    key = new_signing_key(tmp_path / "key")
    entries = write_ledger(3)
    with closing(PayrollStore(database)):
        pass
    path, receipts = stick(tmp_path / "a", entries), tmp_path / "r"
    receive(
        "--signing-key",
        str(tmp_path / "key"),
        "carry",
        "in",
        str(path),
        "--receipts",
        str(receipts),
    )
    with receipts.open("rb") as file:
        [line] = lines(file)
    receipt = msgspec.json.decode(line, type=dict[str, msgspec.Raw])["receipt"]
    ledger = json.loads(entries[0].wire)["data"]["ledger"]
    topic = f"attendance/main-gate/receipts/{ledger}"
    opened = Believed([key.public]).opened(topic, bytes(receipt), 10_000)
    assert json.loads(opened)["through"] == 3


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_only_the_receiver_makes_a_database(
    empty_database: str, tmp_path: Path, lang: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Receipts of a database that came of a mistyped name would have a gate forget its punches."""
    path, receipts = stick(tmp_path / "a", write_ledger(3)), tmp_path / "r"
    command = ("receive", "--database", empty_database, "carry", "in", str(path))
    before = sorted(tmp_path.iterdir())
    for _ in range(2):
        told = CliRunner().invoke(main, ["--lang", lang, *command, "--receipts", str(receipts)])
        assert (told.exit_code, told.stdout) == (74, "")
        assert sorted(tmp_path.iterdir()) == before
        if empty_database.startswith("postgresql"):
            assert NOT_OF_A_RECEIVER[lang] in told.stderr
        else:
            assert f"'edge-agent receive --database {empty_database}'" in told.stderr
            assert NO_DATABASE[lang].format(empty_database) in told.stderr
            assert "--database /var/lib/edge-agent-receiver/payroll.db" in told.stderr
    with caplog.at_level("INFO"):
        PayrollStore(empty_database).close()
        PayrollStore(empty_database).close()
    told_new = [record for record in caplog.records if record.msg == "database-new %s"]
    assert len(told_new) == 1
    told = CliRunner().invoke(main, [*command, "--receipts", str(receipts)])
    assert (told.exit_code, receipts.exists()) == (0, True)


NO_DATABASE = {
    "en": "There is no database {}, and nothing was changed.",
    "vi": "Không có cơ sở dữ liệu {}, chưa đổi gì.",
}
NOT_OF_A_RECEIVER = {
    "en": "is not that of a receiver of this version, and nothing was changed",
    "vi": "không phải của chương trình nhận bản này, chưa đổi gì",
}


def test_no_database_is_made_where_a_disk_is_not_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Payroll's own is on that disk, and the receiver's unit starts at once."""
    disks = tmp_path / "mnt"
    (disks / "data").mkdir(parents=True)
    monkeypatch.setattr(atomic_file, "_STICKS", (disks,))
    with pytest.raises(BadRequest, match="No stick is mounted"):
        PayrollStore(str(disks / "data" / "payroll.db"))
    assert [*disks.rglob("*")] == [disks / "data"]
    with monkeypatch.context() as mounted:
        mounted.setattr(os.path, "ismount", lambda path: Path(path) == disks / "data")
        PayrollStore(str(disks / "data" / "payroll.db")).close()
    PayrollStore(str(disks / "data" / "payroll.db")).close()  # It is there: as it always was.


def test_a_file_that_is_empty_is_no_database(tmp_path: Path) -> None:
    """A first start of the receiver that was cut off, or somebody's ``touch``."""
    empty, receipts = tmp_path / "payroll.db", tmp_path / "r"
    empty.touch()
    path = stick(tmp_path / "a", write_ledger(3))
    command = ["receive", "--database", str(empty), "carry", "in", str(path)]
    told = CliRunner().invoke(main, ["--lang", "en", *command, "--receipts", str(receipts)])
    assert (told.exit_code, f"{empty} is an empty file" in told.stderr) == (74, True)
    assert (empty.stat().st_size, receipts.exists()) == (0, False)


def test_the_receiver_makes_none_of_an_empty_file_that_none_has_begun(tmp_path: Path) -> None:
    """The gates would let go of what only a mistyped file holds."""
    empty = tmp_path / "payroll.db"
    empty.touch()
    told = CliRunner().invoke(main, ["--lang", "en", "receive", "--database", str(empty)])
    assert told.exit_code == 74
    assert f"{empty} is an empty file and no database of payroll's" in told.stderr
    assert f"remove this empty file, then 'edge-agent receive --database {empty}'" in told.stderr
    assert (sorted(tmp_path.iterdir()), empty.stat().st_size) == ([empty], 0)

    (tmp_path / "payroll.db.lock").touch()  # A first start was cut off here.
    PayrollStore(str(empty)).close()
    assert empty.stat().st_size > 0


WHO = ("--actor", "a", "--reason", "b")
MONTH = ("--month", "2026-11")
ON_NO_DATABASE = {
    "carry in": ("FILE", "--receipts", "NEW"),
    "close": (*MONTH, *WHO),
    "closings": (),
    "correct add": ("NV1", "2026-11-23T07:00", *WHO),
    "correct choose": ("x", "1", *MONTH, *WHO),
    "correct import": ("FILE",),
    "correct keep": ("x", *MONTH, *WHO),
    "correct list": (),
    "correct move": ("x", "1", "--direction", "in", *WHO),
    "correct undo": ("1", *WHO),
    "correct void": ("x", "1", *WHO),
    "coverage": ("--gate", "a", "--from", "2026-11-01", "--to", "2026-11-02"),
    "diff": MONTH,
    "export": (*MONTH, "--output", "NEW"),
    "leave add": ("NV1", "P", "2026-11-23", *WHO),
    "leave import": ("FILE", *WHO),
    "leave list": (),
    "leave remove": ("1", *WHO),
    "retention": (),
    "roster forget": ("NV1",),
    "roster show": (),
    "settle": MONTH,
    "sheet": (*MONTH, "--output", "NEW"),
    "shifts import": ("FILE",),
    "shifts show": (),
    "site import": ("FILE", *WHO),
    "site show": (),
    "stolen": ("a",),
}


def test_each_command_on_the_database_is_tried() -> None:
    found = {
        " ".join(ctx.command_path.split()[2:])
        for ctx in leaves()
        if ctx.command_path.startswith("edge-agent receive ")
        and any(one.name == "database" for one in ctx.command.params)
    }
    assert found == ON_NO_DATABASE.keys()


@pytest.mark.parametrize("name", ON_NO_DATABASE)
def test_no_command_makes_a_database(tmp_path: Path, name: str) -> None:
    entries = stick(tmp_path / "a", write_ledger(3))
    files = {"FILE": str(entries), "NEW": str(tmp_path / "new.xlsx")}
    typed = [files.get(word, word) for word in (*name.split(), *ON_NO_DATABASE[name])]
    database = tmp_path / "mistyped.db"
    command = ["--lang", "en", "receive", "--database", str(database), *typed]
    told = CliRunner().invoke(main, command)
    assert (told.exit_code, NO_DATABASE["en"].format(database) in told.stderr) == (74, True), told
    assert [*tmp_path.iterdir()] == [entries]


def files_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir()}


MISTAKEN = {
    # the file that --database names → what is said of it
    "gate.db": "is the database of gate main-gate itself, not payroll's",
    "october.csv": "is a file of another kind and no database",
    "wages.db": "is another program's database",
    "pay-roll.db": "payroll.db: is that meant?",
    "": "is a folder",
}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *product(["carry", "export"], MISTAKEN),
        *(("receive", name) for name in MISTAKEN if name != "pay-roll.db"),  # That it makes.
    ],
)
def test_a_file_that_is_none_of_payrolls_is_called_what_it_is(
    tmp_path: Path, name: str, command: str
) -> None:
    """Before a lock is made beside it, and before the receipts that are there already."""
    folder = tmp_path / "files"
    folder.mkdir()
    open_store(folder).close()
    (folder / "gate.db.lock").touch()
    (folder / "october.csv").write_text("code,days\n")
    with closing(sqlite3.connect(folder / "wages.db")) as wages:
        wages.execute("CREATE TABLE wages (worker)")
    PayrollStore(str(folder / "payroll.db")).close()
    before = files_in(folder)
    receipts = tmp_path / "r"
    receipts.touch()
    carried = (str(stick(tmp_path / "a", write_ledger(3))), "--receipts", str(receipts))
    line = {
        "carry": ("carry", "in", *carried),
        "export": ("export", "--month", "2026-11"),
        "receive": (),
    }[command]
    arguments = ("--lang", "en", "receive", "--database", str(folder / name), *line)
    told = CliRunner().invoke(main, arguments)
    assert told.exit_code == 74
    assert MISTAKEN[name] in told.stderr
    after = files_in(folder)
    after.pop(folder / "wages.db.lock", None)  # Told by its tables, once it is opened.
    assert after == before


def test_the_first_entries_of_a_database_are_told_as_that(
    receive: Receive, database: str, tmp_path: Path
) -> None:
    """It may be a new one that somebody has made of a wrong name."""
    PayrollStore(database).close()
    entries = write_ledger(6)
    for number, file in enumerate((entries[:3], entries[3:])):
        path, receipts = stick(tmp_path / f"s{number}", file), tmp_path / f"r{number}"
        told = receive("carry", "in", str(path), "--receipts", str(receipts))
        assert told.exit_code == 0
        assert (f"{database} held nothing of any gate before" in told.stderr) == (number == 0)
        # The database of a server is nobody's to delete.
        of_a_file = number == 0 and not database.startswith("postgresql:")
        assert ("delete them and this database" in told.stderr) == of_a_file


def test_the_service_s_own_name_is_not_proposed_to_whoever_typed_it(tmp_path: Path) -> None:
    path = stick(tmp_path / "a", write_ledger(3))
    command = ["receive", "--database", str(OF_SERVICE), "carry", "in", str(path)]
    told = CliRunner().invoke(main, ["--lang", "vi", *command, "--receipts", str(tmp_path / "r")])
    assert told.exit_code == 74
    assert f"Không có cơ sở dữ liệu {OF_SERVICE}, chưa đổi gì" in told.stderr
    assert "không ở máy này, hoặc chưa chạy lần nào" in told.stderr
    assert "Hãy ghi đúng tên" not in told.stderr


def test_where_nothing_is_confirmed_there_are_no_receipts(
    receive: Receive, database: str, tmp_path: Path
) -> None:
    PayrollStore(database).close()
    entries, receipts = write_ledger(12), tmp_path / "r"
    late = stick(tmp_path / "late", entries[4:])
    command = ("carry", "in", str(late), "--receipts", str(receipts))
    told = receive(*command)
    assert (told.exit_code, receipts.exists()) == (1, False)
    assert "No receipts: nothing could be confirmed" in told.stderr
    assert "held nothing of any gate before" in told.stderr
    assert "take no receipts" not in told.stderr
    assert ("delete this database" in told.stderr) != database.startswith("postgresql:")
    assert f"the database {database} has nothing of gate main-gate before this" in told.stderr
    assert "what was brought stays in it" in told.stderr
    assert f"edge-agent carry out {tmp_path} --from 1" in told.stderr
    told = receive(*command, "--json")
    assert (told.exit_code, receipts.exists()) == (1, False)
    assert (json.loads(told.stdout)[0]["first"], json.loads(told.stdout)[0]["through"]) == (5, 0)
    early = stick(tmp_path / "early", entries[:2])
    told = receive("carry", "in", str(early), str(late), "--receipts", str(receipts))
    assert (told.exit_code, "has nothing of gate" in told.stderr) == (0, False)
    assert brought(receipts)[0]["receipt"]["through"] == 2


def test_receipts_that_are_there_already_are_told_with_the_next_command(
    receive: Receive, database: str, tmp_path: Path
) -> None:
    PayrollStore(database).close()
    path, receipts = stick(tmp_path / "a", write_ledger(3)), tmp_path / "r"
    command = ("carry", "in", str(path), "--receipts", str(receipts))
    assert receive(*command).exit_code == 0
    told = receive(*command)
    assert told.exit_code == 65
    assert f"{receipts} is there already, and holds receipts." in told.stderr
    assert told.stderr.endswith(f"At the gate: edge-agent carry in {receipts}\n")
    receipts.write_text("a list")
    assert "name a new file" in receive(*command).stderr
    assert receipts.read_text() == "a list"


def test_a_stick_that_takes_no_receipts_is_told_before_anything_is_taken_in(
    receive: Receive, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PayrollStore(database).close()
    path = stick(tmp_path / "a", write_ledger(3))
    told = receive("carry", "in", str(path), "--receipts", str(tmp_path / "no" / "r"))
    assert (told.exit_code, held(database)) == (74, [])

    def full(fd: int) -> None:
        if os.fstat(fd).st_size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    command = ("carry", "in", str(path), "--receipts", str(tmp_path / "r"))
    with monkeypatch.context() as at_the_end:
        at_the_end.setattr("edge_agent.contract.atomic_file.os.fsync", full)
        told = receive(*command)
    assert (told.exit_code, held(database)) == (74, [1, 2, 3])
    assert "is taken in, but its receipts are not written" in told.stderr
    assert "No space left on device" in told.stderr
    assert not (tmp_path / "r").exists()
    assert receive(*command).exit_code == 0
    assert brought(tmp_path / "r")[0]["receipt"]["through"] == 3


def test_a_receiver_at_work_is_told(receive: Receive, tmp_path: Path, database: str) -> None:
    if "://" in database:
        pytest.skip("waits for the other one")
    path = stick(tmp_path / "a", write_ledger(3))
    with closing(PayrollStore(database)):
        told = receive("carry", "in", str(path), "--receipts", str(tmp_path / "r"))
    assert "Another receiver uses the database" in told.stderr
    assert "sudo systemctl start edge-agent-receiver" in told.stderr
    assert "another one" not in told.stderr  # A new one is what must not be made.
    assert sqlite3.connect(database).execute("SELECT count(*) FROM entries").fetchone() == (0,)
