"""``edge-agent config check``, and what a running daemon says of a file that was changed."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.gate.host.service import restarting
from edge_agent.gate.settings.in_use import SettingsInUse
from edge_agent.gate.settings.load import load_settings
from tests.gate.control.serving import serving
from tests.gate.ledger.ledgers import open_store
from tests.other_user import as_user, needs_root, open_folder

GATE = '[gate]\nid = "a"\n'
RUNS = GATE + '[control]\nsocket = "control"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gate.toml"


def check(file: Path, text: str) -> Result:
    file.write_text(text)
    return CliRunner().invoke(main, ["config", "check", "--config", str(file)])


def test_right_settings(file: Path) -> None:
    result = check(file, GATE)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"The settings in {file} are right.",
        f"No gate runs with them. Start it: edge-agent run --config {file}",
    ]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ([], "The gate runs with them."),
        (["[mqtt] host"], f"not yet know [mqtt] host; a restart makes it count: {restarting()}"),
    ],
)
def test_what_a_gate_that_runs_knows_of_them(file: Path, changed: list[str], told: str) -> None:
    in_use = {"file": str(file), "changed": changed, "problem": None}
    with serving(file.parent / "control", status=lambda: {"settings": in_use}):
        result = check(file, RUNS)
    assert told in result.output
    assert "No gate" not in result.output


def test_an_id_that_is_changed_is_no_reason_for_a_restart(file: Path) -> None:
    open_store(file.parent, "b").close()
    in_use = {"file": str(file), "changed": ["[gate] id"], "problem": None}
    with serving(file.parent / "control", status=lambda: {"settings": in_use}):
        result = check(file, f'{RUNS}[store]\npath = "{file.parent}/gate.db"\n')
    assert "belongs to gate 'b': the next start sets it aside" in result.output
    assert str(restarting()) not in result.output


def test_an_id_that_is_set_back_does_not_lead_to_the_wrong_one(file: Path) -> None:
    store = f'[store]\npath = "{file.parent}/gate.db"\n'
    open_store(file.parent, "a").close()
    (file.parent / "gate.db").rename(file.parent / "gate.db.old-1-other-gate-id")
    open_store(file.parent, "b").close()
    result = check(file, GATE + store)
    assert "The ledger of 'a' lies beside it (gate.db.old-1-other-gate-id)" in result.output
    assert "Set the id back" not in result.output


def test_a_gate_that_runs_with_another_file(file: Path) -> None:
    in_use = {"file": "/etc/another.toml", "changed": [], "problem": None}
    with serving(file.parent / "control", status=lambda: {"settings": in_use}):
        result = check(file, RUNS)
    assert "uses other settings: /etc/another.toml" in result.output


def test_what_cannot_be_asked_is_not_claimed(file: Path) -> None:
    with serving(file.parent / "control", status=lambda: {}):  # Of an older version.
        result = check(file, RUNS)
    assert result.exit_code == 0
    assert "cannot be told" in result.output


def test_the_ledger_of_another_id(file: Path) -> None:
    open_store(file.parent, "side-gate").close()
    result = check(file, GATE + '[store]\npath = "gate.db"\n')
    assert result.exit_code == 0
    told = result.output.splitlines()
    assert "belongs to gate 'side-gate': the next start sets it aside" in told[0]
    assert told[1:] == [
        f"Otherwise the settings in {file} are right.",
        "No gate runs with them. See to the id before you start it.",
    ]


def test_what_is_odd_is_told_before_the_rest_is_called_right(file: Path) -> None:
    result = check(file, GATE + 'timezone = "Etc/GMT+7"')
    assert result.exit_code == 0
    odd, rest, _ = result.output.splitlines()
    assert "7 hours BEHIND UTC" in odd
    assert rest == f"Otherwise the settings in {file} are right."


def test_every_problem_at_once(file: Path) -> None:
    result = check(file, '[gate]\nid = “A”\ntimezone = "x"\n[panel]\npins = "gpio"\ngreen = 14')
    assert result.exit_code == 78
    assert result.stderr.splitlines() == [
        f"edge-agent: The settings in {file} cannot be used:",
        '  line 2, column 6: “ is no straight quote: write id = "A".',
        "  line 2: [gate] id: 'A' cannot be used: use 1 to 32 of a-z, 0-9 and '-'; did you mean "
        'id = "a"?',
        "  line 3: [gate] timezone: 'x' is no IANA time zone, such as Asia/Ho_Chi_Minh.",
        "  line 6: [panel] green: pin 14 is the sensor's line (14 and 15 are the UART): use "
        "another.",
    ]


def test_the_password_files_are_looked_into(file: Path) -> None:
    for name, content in (("broker", b"a\nb\n"), ("sensor", b"word")):
        file.with_name(name).touch(0o600)
        file.with_name(name).write_bytes(content)
    named = '[mqtt]\nusername = "u"\npassword_file = "broker"\n[sensor]\npassword_file = "sensor"'
    result = check(file, f"{GATE}{named}")
    assert result.exit_code == 78
    assert "[mqtt] password_file: The password file" in result.stderr
    assert "it has 2 lines" in result.stderr
    assert "[sensor] password_file: The sensor's password file" in result.stderr
    for name, content in (("broker", b"a\n"), ("sensor", b"7")):
        file.with_name(name).write_bytes(content)
    assert check(file, f"{GATE}{named}").exit_code == 0


def test_a_database_that_is_a_folder(file: Path) -> None:
    file.with_name("gates").mkdir()
    result = check(file, GATE + '[store]\npath = "gates"\n')
    assert result.exit_code == 78
    assert f"[store] path: '{file.with_name('gates')}' names a folder" in result.stderr


def test_what_has_changed_since_the_start(file: Path) -> None:
    file.write_text(GATE)
    in_use = SettingsInUse(load_settings(file), file)
    same = {"file": str(file), "changed": [], "problem": None}
    assert in_use.told() == same
    file.write_text(GATE + "# a word\n")
    assert in_use.told() == same
    file.write_text(GATE + "[sensor]\ncaptures = 2\n")
    assert in_use.told() == same | {"changed": ["[sensor] captures"]}
    file.write_text(GATE + '[panel]\nvoice = "espeak-ng"\ngreen = 5\n[display]\nshow = "code"\n')
    assert in_use.told() == same | {"changed": ["[panel] green"]}  # The rest is the screen's.
    file.write_text(GATE + "[sensor]\ncaptures = 9\n")
    problem = in_use.told()["problem"]
    assert problem.startswith("line 4: [sensor] captures: 9 cannot be used")
    file.unlink()
    assert in_use.told()["problem"].startswith("There is no such file")
    file.write_text(GATE)
    assert in_use.told() == same


def test_a_file_that_is_as_it_was_is_not_read_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(GATE)
    in_use = SettingsInUse(load_settings(file), file)
    told = in_use.told()
    monkeypatch.setattr(
        "edge_agent.gate.settings.in_use.load_settings", lambda file: pytest.fail("read again")
    )
    assert in_use.told() is told


@needs_root
def test_whoever_may_not_enter_the_databases_folder_is_told_of_the_settings() -> None:
    with open_folder() as folder:
        closed, file = folder / "closed", folder / "gate.toml"
        closed.mkdir(0o700)
        open_store(closed, "a").close()
        told = GATE + f'[store]\npath = "{closed}/gate.db"\n[control]\nsocket = "{closed}/socket"\n'
        file.write_text(told)
        file.chmod(0o644)
        check(file, told)  # What it needs is imported by now.

        def checks() -> None:
            result = CliRunner().invoke(main, ["config", "check", "--config", str(file)])
            assert result.exit_code == 0, result.output
            assert result.output.startswith(f"The settings in {file} are right.\n")

        assert as_user("nobody", checks) == ""
