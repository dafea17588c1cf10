"""Whose payroll's database is: root's first run, and another user's command."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli import main
from edge_agent.receiver.databases import open_database
from edge_agent.receiver.store import PayrollStore
from tests.other_user import as_user, needs_root, open_folder


@needs_root
def test_a_first_run_of_roots_does_not_shut_the_receivers_user_out() -> None:
    with open_folder() as folder:
        os.chown(folder, 1, 1)
        database = str(folder / "payroll.db")
        PayrollStore(database).close()
        assert {path.stat().st_uid for path in folder.iterdir()} == {1}
        assert as_user("daemon", lambda: PayrollStore(database).close()) == ""


@needs_root
def test_a_database_of_another_user_is_told_with_whose_it_is() -> None:
    with open_folder() as folder:
        os.chown(folder, 1, 1)
        path = folder / "payroll.db"
        PayrollStore(str(path)).close()

        def use(alone: bool) -> None:
            open_database(str(path), alone=alone).close()

        for mode, who in ((0o750, f"enter {folder}"), (0o755, f"write {path}")):
            folder.chmod(mode)
            for alone in (True, False):
                told = as_user("nobody", lambda alone=alone: use(alone))
                assert told.startswith(f"StoreFault: The database {path} cannot be used: user ")
                assert f"user nobody may not {who}" in told
                assert told.endswith(": sudo -u daemon edge-agent …")


@pytest.mark.parametrize(
    "words",
    [
        ("receive", "--database"),
        ("receive", "export", "--month", "2026-11", "--database"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("typed", ["", ".", "folder.db"])
@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "is a folder, and nothing was changed: name payroll's database in it by"),
        ("vi", "là thư mục, chưa đổi gì: hãy ghi tên cơ sở dữ liệu của phòng lương trong đó sau"),
    ],
)
def test_a_folder_in_the_place_of_the_database_is_told_as_that(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    typed: str,
    language: str,
    told: str,
) -> None:
    """Nothing is to be given to another user; and an empty name is not the one by default."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.db").mkdir()
    PayrollStore("payroll.db").close()
    done = CliRunner().invoke(main, ["--lang", language, *words, typed])
    assert (done.exit_code, told in done.stderr) == (74, True), done.output
    assert "chown" not in done.stderr
