"""The ledger as a file: for an auditor with Excel, and for one who trusts nobody."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.cli.ledger import write_entries
from edge_agent.contract.errors import BadRequest, StoreFault
from edge_agent.contract.facts import AttemptRefused, Direction
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import WorkerAdded
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from tests.gate.ledger.ledgers import append, later, open_store, punch, unsynced

from .patience import PATIENCE_S

VERIFIER = Path(__file__).parents[1] / "docs" / "examples" / "verify_export.py"


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    store = open_store(tmp_path)
    for code, name in (("007", "Nguyễn Thị Hường"), ("=1+1", "@SUM(A1)"), ("NV1", "Lò Văn Pao")):
        with store.changing() as change:
            change.put_worker(Worker(code=code, name=name, active=True))
            change.append(WorkerAdded(worker=code, actor="uid:0"), later(0))
    append(store, punch("007", Direction.IN), later(1_000))
    append(store, punch("=1+1"), later(2_000))
    append(store, punch("NV1"), unsynced(3_000, boot="b"))
    append(store, AttemptRefused(reason="unknown", hint=None, worker=None, suppressed=0))
    return store


def verified(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", VERIFIER, path], capture_output=True, text=True, check=False
    )


def test_a_table_that_excel_opens(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    assert write_entries(store, path) == 8
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == 9
    assert path.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    punches = [row for row in rows if row["kind"] == "punch.recorded"]
    assert [row["worker"] for row in punches] == ['="007"', "'=1+1", "NV1"]
    assert [row["name"] for row in punches] == ["Nguyễn Thị Hường", "'@SUM(A1)", "Lò Văn Pao"]
    assert [row["time"] for row in punches][2] == "not known yet"
    assert punches[0]["time"] == "2026-11-18 18:06:41"
    assert punches[0]["direction"] == "in"
    assert rows[-1]["reason"] == "unknown"
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(("+", "-", "@", "\t")), row
            assert not cell.startswith("=") or cell[2:-1].isdigit(), row


def test_a_code_that_was_freed_stands_beside_the_name_of_its_holder(
    store: SqliteStore, tmp_path: Path
) -> None:
    with store.changing() as change:
        change.put_worker(Worker(code="007", name="Trần Văn Ba"))
    append(store, punch("007"), later(4_000))
    write_entries(store, tmp_path / "ledger.csv")
    rows = list(csv.DictReader((tmp_path / "ledger.csv").read_text("utf-8-sig").splitlines()))
    names = [row["name"] for row in rows if row["worker"] == '="007"' and "punch" in row["kind"]]
    assert names == ["Nguyễn Thị Hường", "Trần Văn Ba"]


def test_json_lines_are_the_entries_to_the_byte(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    assert write_entries(store, path) == 8
    assert path.read_bytes().splitlines() == [entry.wire for entry in store.entries(1, 100)]
    done = verified(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"ledger {store.ledger}: entries 1 to 8 are unbroken; "
        f"the last hash is {store.tail().hash.hex()}\n"
    )


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[list[str]], object]:
    def edit(lines: list[str]) -> None:
        entry = json.loads(lines[4])
        change(entry)
        lines[4] = json.dumps(entry)

    return edit


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (edited(lambda entry: entry["data"].update(worker="008")), 5),
        (edited(lambda entry: entry["data"].update(seq=5.0)), 5),
        (edited(lambda entry: entry.update(hash="0" * 64)), 5),
        (edited(lambda entry: entry.update(prevhash="0" * 64)), 5),
        (edited(lambda entry: entry.update(time="2026-01-01T00:00:00+07:00")), 5),
        (edited(lambda entry: entry.update(subject="008")), 5),
        (edited(lambda entry: entry.pop("data")), 5),
        (lambda lines: lines.pop(4), 5),
        (lambda lines: lines.insert(4, lines[3]), 5),
        (lambda lines: lines.insert(2, lines.pop(5)), 3),
        (lambda lines: lines.__setitem__(4, "{"), 5),
        (lambda lines: lines.__setitem__(4, "[" * 100_000), 5),
        (lambda lines: lines.__setitem__(4, "\udcff"), 5),
        (lambda lines: lines.__setitem__(0, lines[0].replace("0" * 64, "1" * 64)), 1),
    ],
)
def test_the_standalone_verifier_names_what_was_tampered_with(
    store: SqliteStore, tmp_path: Path, tamper: Callable[[list[str]], object], named: int
) -> None:
    path = tmp_path / "ledger.jsonl"
    write_entries(store, path)
    lines = path.read_text().splitlines()
    tamper(lines)
    path.write_text("\n".join(lines) + "\n", errors="surrogateescape")
    done = verified(path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"entry {named} is altered, missing or out of place: ")


def test_a_file_without_an_entry_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").write_bytes(b"")
    assert verified(tmp_path / "ledger.jsonl").returncode == 1


def test_a_file_that_cannot_be_made(store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("payslips")
    with pytest.raises(BadRequest, match="exists already"):
        write_entries(store, tmp_path / "there.csv")
    assert (tmp_path / "there.csv").read_text() == "payslips"
    with pytest.raises(BadRequest, match="names no format"):
        write_entries(store, tmp_path / "ledger.xlsx")
    with pytest.raises(StoreFault, match="cannot be written"):
        write_entries(store, tmp_path / "none" / "ledger.csv")


def test_the_verifier_is_short_and_stands_alone() -> None:
    text = VERIFIER.read_text()
    assert len(text.splitlines()) <= 62
    assert "edge_agent" not in text


@pytest.mark.long
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice Calc is not installed")
def test_a_spreadsheet_shows_what_the_table_says(store: SqliteStore, tmp_path: Path) -> None:
    """LibreOffice stands in for Excel: what it makes of commas, quotes, codes and formulas.

    Without its dialog it takes no notice of the byte order mark, so the encoding is named to it.
    """
    assert write_entries(store, tmp_path / "ledger.csv") == 8
    office = f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"
    how = ("--infilter=CSV:44,34,76", "--convert-to", "xlsx", "--outdir", str(tmp_path))
    subprocess.run(
        ["soffice", office, "--headless", *how, str(tmp_path / "ledger.csv")],
        check=True,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    sheet = openpyxl.load_workbook(tmp_path / "ledger.xlsx", data_only=True).active
    assert sheet is not None
    head, *rows = sheet.iter_rows(values_only=True)
    told = [dict(zip(head, row, strict=True)) for row in rows]
    punches = [row for row in told if row["kind"] == "punch.recorded"]
    assert [row["worker"] for row in punches] == ["007", "'=1+1", "NV1"]
    assert [row["name"] for row in punches] == ["Nguyễn Thị Hường", "'@SUM(A1)", "Lò Văn Pao"]
    assert str(punches[0]["time"]) == "2026-11-18 18:06:41"
    assert len(str(punches[0]["hash"])) == 64


def ledger(folder: Path, *line: str) -> Result:
    config = folder / "edge-agent.toml"
    config.write_text('[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n')
    known = {"EDGE_AGENT_CONFIG": str(config)}
    return CliRunner(env=known).invoke(main, ["--lang", "en", "ledger", *line])


def test_a_copy_is_verified_as_the_ledger_is(store: SqliteStore, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    made = ledger(tmp_path, "backup", str(stick))
    [copy] = stick.iterdir()
    assert f"{copy} lies on this machine's own disk" in made.stderr
    append(store, punch("007", Direction.OUT), later(9_000))  # The copy has it not.

    told = ledger(tmp_path, "verify", str(copy), "--json")
    entries = store.tail().seq
    assert (told.exit_code, json.loads(told.stdout)["entries"]) == (0, entries - 1)
    assert json.loads(ledger(tmp_path, "verify", "--json").stdout)["entries"] == entries
    assert [*stick.iterdir()] == [copy]

    altered = copy.read_bytes().replace(b"007", b"008")
    copy.write_bytes(altered)
    told = ledger(tmp_path, "verify", str(copy))
    assert told.exit_code == 65
    assert "damaged" in told.stderr


def test_a_copy_that_is_not_read_back_says_that_status_does_not_count_it(
    store: SqliteStore, tmp_path: Path
) -> None:
    made = ledger(tmp_path, "backup", str(tmp_path / "copy.db"))
    assert "'edge-agent status' does not count it" in made.stdout
    assert "edge-agent ledger backup /media/stick" in made.stdout


@pytest.mark.parametrize(("content", "code"), [(None, 66), (b"code,day\n", 74), (b"", 74)])
def test_what_is_no_copy_is_called_that(
    store: SqliteStore, tmp_path: Path, content: bytes | None, code: int
) -> None:
    """And the gate's own database is not advised about."""
    copy = tmp_path / "copy.db"
    if content is not None:
        copy.write_bytes(content)
    told = ledger(tmp_path, "verify", str(copy))
    assert told.exit_code == code
    assert str(copy) in told.stderr
    assert "[store] path" not in told.stderr
    assert "start the daemon" not in told.stderr
