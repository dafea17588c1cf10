"""Lists of backups and of requests that a new ledger keeps: "none" is not said of what was lost."""

import json
import os
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from edge_agent.cli import main
from edge_agent.contract.people import Print, Worker
from edge_agent.contract.people_facts import PrintRestored
from edge_agent.gate.ledger.glance import unlisted
from edge_agent.gate.sealed_backups import SealedBackup
from tests.gate.ledger.ledgers import NOON, later, open_store
from tests.gate.ledger.old_copies import fill, open_at, start

HELD = SealedBackup(backup="ab" * 16, prints=1, workers=["NV001"], holds=[(0, 1)])

LISTS = [("templates", "list"), ("privacy", "overdue"), ("privacy", "requests")]


def told(folder: Path, *words: str) -> Result:
    config = folder / "edge-agent.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "control.sock"\n'
    )
    return CliRunner().invoke(main, ["--lang", "vi", *words, "--config", str(config)])


@pytest.mark.parametrize("words", LISTS)
def test_after_a_damaged_database_it_is_said_since_when_they_know(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    open_store(tmp_path).close()
    assert told(tmp_path, *words).stderr == ""
    (tmp_path / "gate.db").write_bytes(b"nothing that was a database" * 1000)
    start(tmp_path)
    after = told(tmp_path, *words)
    assert "có thể thiếu trong danh sách" in " ".join(after.stderr.split())
    assert "18/11/2026" in after.stderr
    assert json.loads(told(tmp_path, *words, "--json").stdout) == []


def test_a_backup_that_only_the_damaged_ledger_knew_is_doubted_until_there_is_a_new_one(
    tmp_path: Path,
) -> None:
    """By list, status and doctor alike, and whether the damaged file still lies there or not."""
    store = open_at(tmp_path)
    fill(store)
    with store.changing() as change:
        for one in store.prints():
            change.put_backed_up(one)
        change.put_sealed_backup(replace(HELD, holds=[(slot, 1) for slot in range(3)]))
    assert unlisted(store) == 0
    store.close()
    start(tmp_path)  # Which has the snapshot beside it made.
    (tmp_path / "gate.db").write_bytes(b"nothing that was a database" * 1000)
    start(tmp_path)

    for there in (True, False):
        if not there:
            for damaged in tmp_path.glob("gate.db.*damaged*"):
                damaged.unlink()
        listed = told(tmp_path, "templates", "list")
        status = told(tmp_path, "status")
        doctor = told(tmp_path, "doctor", "--section", "sensor")
        assert "Chưa có bản sao lưu" not in listed.stdout
        for answer in (listed.stderr, status.stdout, doctor.stdout):
            said = " ".join(answer.split())
            assert "3 vân tay có bản sao lưu chỉ theo sổ trước khi hỏng" in said
            assert "em bản sao lưu ấy còn không, hoặc sao lưu lại," in said
            assert "templates backup" in said
            assert "/media/stick/" in said

    with closing(open_at(tmp_path)) as again:
        assert unlisted(again) == 3
        with again.changing() as change:
            change.put_sealed_backup(HELD)
        assert unlisted(again) == 2
        with again.changing() as change:
            change.note_held(HELD.backup, again.prints())
        assert unlisted(again) == 0


def test_a_print_that_was_restored_since_the_damage_is_in_the_file_it_came_from(
    tmp_path: Path,
) -> None:
    open_store(tmp_path).close()
    (tmp_path / "gate.db").write_bytes(b"nothing that was a database" * 1000)
    start(tmp_path)
    whose = {"worker": "NV001", "finger": "right-index", "slot": 0, "generation": 1}
    with closing(open_at(tmp_path)) as store, store.changing() as change:
        change.put_worker(Worker(code="NV001", name="Lan"))
        change.put_print(Print(**whose), bytes(32))
        change.put_backed_up(Print(**whose))
        fact = PrintRestored(**whose, origin="main-gate", backup="ab" * 16, actor="uid:0")
        change.append(fact, NOON)
    with closing(open_at(tmp_path)) as store:
        assert (unlisted(store), store.not_backed_up()) == (0, 0)


DAMAGED = "gate.db.old-1-damaged"


def damage(folder: Path, *, later_by_ms: int = 0) -> None:
    """A ledger with some changes, of which only the people can be rescued; none can be read."""
    with closing(open_store(folder)) as store:
        fill(store)
    (folder / "gate.db").write_bytes(b"nothing that was a database" * 1000)
    start(folder, now=later(later_by_ms))


def shown(result: Result) -> str:
    return " ".join(result.stderr.split())


def test_audit_list_says_since_when_it_knows_where_the_older_file_was_carried_away(
    tmp_path: Path,
) -> None:
    damage(tmp_path)
    assert "Sổ này mở" not in shown(told(tmp_path, "audit", "list"))  # It lies there, and is named.
    for file in tmp_path.glob("gate.db.old-*"):
        file.unlink()
    for words in (("audit", "list"), ("audit", "list", "--json")):
        lacking = shown(told(tmp_path, *words))
        assert "Sổ này mở lúc 18/11/2026 18:06:40" in lacking
        assert "edge-agent audit list --config" in lacking
    since = ("--since", "2026-11-19")
    assert "Sổ này mở" not in shown(told(tmp_path, "audit", "list", *since))


def test_a_ledger_that_was_never_another_lacks_nothing(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        fill(store)
    assert shown(told(tmp_path, "audit", "list")) == ""


def test_a_ledger_that_is_read_along_lacks_nothing_and_else_all_before_it(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        fill(store)
    start(tmp_path, gate="back-gate")
    assert shown(told(tmp_path, "audit", "list")) == ""
    (tmp_path / "gate.db.old-1-other-gate-id").unlink()
    assert "thay cho một sổ cũ" in shown(told(tmp_path, "audit", "list"))


@pytest.mark.parametrize("user", [0, 1000])
def test_a_damaged_file_has_entries_in_text_and_root_is_not_sent_to_sudo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    damage(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    readable = tmp_path / f"{DAMAGED}.jsonl"
    readable.unlink(missing_ok=True)
    unread = shown(told(tmp_path, "audit", "list"))
    assert DAMAGED in unread
    assert ".jsonl" not in unread
    assert ("Thử lại bằng sudo" in unread) == (user != 0)
    readable.touch()
    assert str(readable) in shown(told(tmp_path, "audit", "list"))


@pytest.mark.parametrize("words", [("destroyed",), ("lost",), ("list",)])
def test_of_a_backup_that_only_the_older_ledger_had_nothing_is_to_be_said(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    open_store(tmp_path).close()
    line = ("templates", *words, "e967d1d0")
    before = shown(told(tmp_path, *line))
    assert "Trong danh sách không có" in before
    assert "6 ký tự" not in before
    damage(tmp_path)
    after = shown(told(tmp_path, *line))
    assert "ở đây không phải báo gì" in after
    assert "6 ký tự" not in after
    if words != ("list",):  # To that it is a file.
        assert "cần ít nhất 6 ký tự đầu" in shown(told(tmp_path, "templates", *words, "e967d"))
