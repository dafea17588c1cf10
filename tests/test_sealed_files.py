"""A sealed file is whole and readable, or it is not said to be there."""

import io
import re
import sys
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main, sealed_files
from edge_agent.cli import templates as templates_of
from edge_agent.cli.sealed_backups import tell_to_destroy
from edge_agent.contract.errors import EdgeAgentError
from edge_agent.contract.language import LANGUAGES, Message, said
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.sealed_backups import SealedBackup
from tests.commands import speaking
from tests.gate.ledger.ledgers import open_store


def test_its_lines_are_in_it_as_they_were_given(tmp_path: Path) -> None:
    with sealed_files.new_sealed_file(tmp_path / "sealed") as lines:
        lines += [b"header", b"record"]
    assert (tmp_path / "sealed").read_bytes() == b"header\nrecord\n"


def test_a_medium_that_gives_back_something_else_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sealed_files.read_file
    monkeypatch.setattr(sealed_files, "read_file", lambda path: read(path)[:-2] + b"?\n")
    with (
        pytest.raises(EdgeAgentError, match="medium is broken"),
        sealed_files.new_sealed_file(tmp_path / "sealed") as lines,
    ):
        lines.append(b"header")


def test_where_sealing_fails_there_is_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(EdgeAgentError, match="the sensor is gone"),
        sealed_files.new_sealed_file(tmp_path / "sealed"),
    ):
        raise EdgeAgentError("the sensor is gone")
    assert list(tmp_path.iterdir()) == []


SECRET = AgeSealing().new_keys().identity


def templates(folder: Path, *line: str) -> Result:
    """A command of ``edge-agent templates`` at a gate whose daemon does not run."""
    open_store(folder).close()
    config = folder / "edge-agent.toml"
    config.write_text('[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n')
    known = {"EDGE_AGENT_CONFIG": str(config)}
    return CliRunner(env=known).invoke(main, ["--lang", "en", "templates", *line])


@pytest.mark.parametrize(
    "line",
    [
        ("backup", "{folder}/new", "-r", SECRET),
        ("backup", "{folder}", "-r", "age1x", "-r", SECRET.lower()),
        ("restore", "{folder}/none", "--identity", SECRET),
        ("reseal", "{folder}/none", "--output", "{folder}", "--identity", SECRET),
    ],
)
def test_a_secret_that_was_typed_is_said_to_be_none_any_more(
    tmp_path: Path, line: tuple[str, ...]
) -> None:
    """First of all that is wrong with the line, and without telling it once more."""
    told = templates(tmp_path, *(part.format(folder=tmp_path) for part in line))
    assert told.exit_code == 65
    assert "It now stands in this shell's history" in told.stderr
    assert "age-keygen -o key.txt" in told.stderr
    assert SECRET[20:].lower() not in told.output.lower()


def test_a_file_of_recipients_that_is_the_secret_key(tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text(f"# public key: age1…\n{SECRET}\n")
    told = templates(tmp_path, "backup", str(tmp_path / "new"), "-R", str(key))
    assert told.exit_code == 65
    assert f"{key} holds the secret key" in told.stderr


def test_a_folder_where_a_file_is_wanted(tmp_path: Path) -> None:
    told = templates(tmp_path, "backup", str(tmp_path), "-r", "age1x")
    assert told.exit_code == 2
    assert f"{tmp_path} is a folder: name a file in it, {tmp_path}/…" in told.stderr


def test_a_key_that_lies_at_the_gate_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, database = tmp_path / "key.txt", tmp_path / "gate.db"
    key.touch()
    database.touch()
    sealed_files.tell_if_key_stays(key, str(database))
    assert f"The secret key {key} lies on this machine's own disk" in capsys.readouterr().err
    for elsewhere in (Path("-"), Path("/dev/null")):
        sealed_files.tell_if_key_stays(elsewhere, str(database))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_of_a_backup_is_said_in_words(
    tmp_path: Path, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with speaking(language), closing(open_store(tmp_path)) as store:
        one = SealedBackup(backup="ab" * 16, erased=["NV1"])
        tell_to_destroy(store, ZoneInfo("Asia/Ho_Chi_Minh"), one)
    told = " ".join(capsys.readouterr().err.split())
    assert "edge-agent templates destroyed abababab" in told
    assert "?" not in told


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("what", ["backup.sealing", "backup.restoring"])
def test_no_step_of_a_bar_is_wider_than_the_terminal(
    what: str, language: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would not be written over, and each step be a line of its own."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    with templates_of._progress(said(Message(what), language), 1000) as advance:
        for _ in range(1000):
            advance(1)
    steps = re.sub(r"\x1b\[[?\w]*", "", terminal.getvalue()).replace("\n", "\r").split("\r")
    assert any("1000/1000" in step for step in steps)
    assert max(map(len, steps)) < columns


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_public_key_with_a_mistyped_letter_is_told_as_that(language: str) -> None:
    key = AgeSealing().new_keys().recipient
    mistyped = key[:-1] + ("q" if key[-1] != "q" else "p")
    with pytest.raises(EdgeAgentError) as refused:
        AgeSealing().seal(b"templates", [key, mistyped])
    told = said(refused.value.message, language)
    assert mistyped in told
    assert "age1 " not in told
    with pytest.raises(EdgeAgentError, match="62 characters"):
        AgeSealing().seal(b"templates", [key[:-1]])
