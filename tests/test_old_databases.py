"""A database that was set aside: kept, until somebody whom it may hold is erased; then it goes, in
an order that loses nothing, and everywhere the same is said of it."""

import json
import shlex
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from edge_agent.cli import main
from edge_agent.cli.status_to_do import to_do
from edge_agent.contract.language import LANGUAGES, Message, said, use
from edge_agent.gate.erasure import Counts, Erasure, old_databases
from edge_agent.gate.host.service import taking_away
from edge_agent.gate.ledger.succession.swap import set_aside
from edge_agent.gate.settings.load import load_settings
from tests.gate.ledger.ledgers import open_store
from tests.gate.ledger.old_copies import fill, start

OLD, LEFT = "gate.db.old-1-restored-backup", "gate.db.old-2-other-gate-id"


def erasure(worker: str, *not_reached: str, number: int = 0, done: bool = True) -> Erasure:
    return Erasure(
        id=number,
        worker=worker,
        after=None,
        begun="2026-11-29T08:00:00.000+07:00",
        slots=[],
        counts=Counts(),
        scrubbed=done,
        document=json.dumps({"worker": worker, "not_reached": not_reached}) if done else None,
    )


def test_those_go_that_may_hold_somebody_erased_and_no_others() -> None:
    erased = [
        erasure("NV1", OLD, "gate.db.old-0-gone"),
        erasure("NV2", OLD),
        erasure("NV1", OLD),
        erasure("NV3", done=False),
    ]
    assert old_databases(erased, [OLD, LEFT]) == {OLD: ["NV1", "NV2"]}
    assert old_databases([], [OLD, LEFT]) == {}


def damage(folder: Path) -> list[str]:
    """Alters a byte, and starts: the databases that lie beside the new one then."""
    database = folder / "gate.db"
    with closing(sqlite3.connect(database)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = database.read_bytes()
    database.write_bytes(content.replace(b"NV002", b"NX002", 1))
    start(folder)
    return [old.name for old in set_aside(database)]


def test_the_next_damaged_one_is_not_called_like_one_that_had_to_go(tmp_path: Path) -> None:
    """Or it would have to go too, for somebody who was erased before it: the only copy."""
    with closing(open_store(tmp_path)) as store:
        fill(store)
    [first] = damage(tmp_path)
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        change.put_erasure(erasure("NV001", first))
    (tmp_path / first).unlink()
    [second] = damage(tmp_path)
    assert second == "gate.db.old-2-damaged"
    with closing(open_store(tmp_path)) as store:
        assert store.erasures()
        assert old_databases(store.erasures(), [second]) == {}


def test_an_erasure_that_does_not_say_it_any_more_stops_no_start(tmp_path: Path) -> None:
    for document in ("no document", '["neither"]'):
        with closing(open_store(tmp_path)) as store, store.changing() as change:
            change.put_erasure(replace(erasure("NV001"), document=document))
        start(tmp_path, gate="back-gate")
        start(tmp_path)
    assert len(set_aside(tmp_path / "gate.db")) == 4


def overdue(folder: Path, *words: str) -> Result:
    config = folder / "edge-agent.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "control.sock"\n'
    )
    line = ["--lang", "vi", "privacy", "overdue", *words, "--config", str(config)]
    return CliRunner().invoke(main, line)


def test_overdue_names_them_and_what_is_done_before(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        change.put_erasure(erasure("NV1", OLD))
    assert overdue(tmp_path).exit_code == 0  # It lies there no more.
    (tmp_path / OLD).touch()
    (tmp_path / LEFT).touch()
    result = overdue(tmp_path)
    told = " ".join(result.output.split())
    assert result.exit_code == 1
    assert LEFT not in told
    steps = ["audit list", "phòng lương đã nhận đủ", f"sudo shred -u {tmp_path / OLD}"]
    assert [told.count(step) for step in steps] == [1, 1, 1]
    assert sorted(steps, key=told.index) == steps
    [row] = json.loads(overdue(tmp_path, "--json").stdout)
    assert row["database"] == {"file": OLD, "erased": ["NV1"]}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "name",
    ["status.damaged", "doctor.database-set-aside-do", "privacy.databases-to-destroy"],
)
def test_how_it_is_seen_that_payroll_has_everything_is_said_as_status_says_it(
    name: str, language: str
) -> None:
    has_all = said(Message("status.all-sent", state=""), language).removeprefix(", ")
    fields = {"names": [OLD], "files": [OLD], "codes": ["NV1"], "remove": f"sudo shred -u {OLD}"}
    told = said(Message(name, **fields), language)
    assert "edge-agent status" in told
    assert has_all in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_certificate_says_that_old_databases_were_searched(language: str) -> None:
    searched = said(Message("proof.checked-files-searched"), language)
    assert not any(word in searched for word in ("copies", "bản sao", "bản chép"))


DAMAGED = "gate.db.old-1-damaged"


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_payroll_has_everything_nobody_is_told_to_wait_for_that(language: str) -> None:
    use(language)
    ledger = {"id": "1", "last_seq": 7, "confirmed_seq": 6, "rejected": 0}
    store = {"state": "ready", "problem": None, "set_aside": [DAMAGED]}
    gone: dict[str, Any] = {"retired": True, "ledger": ledger, "store": store}
    gone |= {"uplink": {}, "sensor": {}}
    settings = load_settings(Path(__file__).parents[1] / "config" / "edge-agent.toml")
    has_all = said(Message("status.all-sent", state=""), language).removeprefix(", ")
    waits = dict(to_do(settings, gone))["store"]
    assert waits is not None
    assert "edge-agent status" in waits
    ledger["confirmed_seq"] = 7
    told = dict(to_do(settings, gone))["store"]
    assert told is not None
    assert "edge-agent status" not in told
    assert told.lower().count(has_all.lower()) == 1
    assert told.endswith(f"mkdir $d && cp {DAMAGED}* $d && sync && rm {DAMAGED}*'")


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def take_away(old: Path, stick: Path, *, mounted: bool = True) -> int:
    """What the command ends with, at a stick that lies here; nobody but root can mount one."""
    tools = stick.parent / "tools"
    tools.mkdir(exist_ok=True)
    if mounted:
        (tools / "mountpoint").write_text("#!/bin/sh\n")
        (tools / "mountpoint").chmod(0o755)
    command = taking_away("main-gate", [old]).removeprefix("sudo ")
    here = shlex.split(command.replace("/media/stick", str(stick)))
    where = {"PATH": f"{tools}:/usr/bin:/bin"}
    return subprocess.run(here, env=where, capture_output=True, check=False).returncode


def damaged(folder: Path, content: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in (DAMAGED, f"{DAMAGED}.jsonl", "gate.db"):
        (folder / name).write_text(content)
    return folder / DAMAGED


def test_what_takes_them_away_is_a_command_that_copies_first(tmp_path: Path, stick: Path) -> None:
    old = damaged(tmp_path / "the gate", "1")
    assert take_away(old, tmp_path / "none")
    assert old.exists()
    assert take_away(old, stick) == 0
    [copied] = stick.iterdir()
    assert copied.name.startswith("main-gate-20")
    assert sorted(one.name for one in copied.iterdir()) == [DAMAGED, f"{DAMAGED}.jsonl"]
    assert [one.name for one in old.parent.iterdir()] == ["gate.db"]


def test_nothing_is_taken_away_where_no_stick_is_mounted(tmp_path: Path, stick: Path) -> None:
    old = damaged(tmp_path / "gate", "1")
    assert take_away(old, stick, mounted=False)
    assert old.exists()
    assert [*stick.iterdir()] == []


def test_the_next_one_of_the_same_name_is_not_written_over_the_last(
    tmp_path: Path, stick: Path
) -> None:
    for content in ("1", "2"):
        old = damaged(tmp_path / "gate", content)
        for _ in range(3):  # In the same second nothing is done.
            if take_away(old, stick) == 0:
                break
            assert old.exists()
            time.sleep(0.5)
    assert sorted(one.read_text() for one in stick.glob(f"*/{DAMAGED}")) == ["1", "2"]
