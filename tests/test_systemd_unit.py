"""The unit files: systemd reads each line as it is meant, and they allow no more than is needed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.gate.daemon.departure import LEAVES
from edge_agent.gate.errors import Retired

UNITS = Path(__file__).parents[1] / "systemd"
UNIT = UNITS / "edge-agent.service"
# systemd-analyze's exposure in tenths, of 100: what it lists beyond this a unit does not need.
MOST_EXPOSED = {
    UNIT: 20,
    UNITS / "edge-agent-receiver.service": 15,
    UNITS / "edge-agent-display.service": 15,
    UNITS / "edge-agent-backup.service": 15,
    UNITS / "edge-agent-metrics.service": 15,
}
STARTS = ("ExecStart=edge-agent ", "ExecStopPost=-edge-agent ")

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def complaints(unit_text: str, folder: Path) -> str:
    """What systemd says about the unit: of an unknown key it complains, yet exits 0."""
    # systemd also complains about a program that is not there, and here nothing is installed.
    for starts in STARTS:
        unit_text = unit_text.replace(starts, starts.replace("edge-agent", sys.executable))
    unit = folder / "edge-agent.service"
    unit.write_text(unit_text)
    verify = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return verify.stdout + (f"exit status {verify.returncode}" if verify.returncode else "")


@pytest.mark.parametrize("unit", MOST_EXPOSED, ids=lambda unit: unit.stem)
def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path, unit: Path) -> None:
    assert complaints(unit.read_text(), tmp_path) == ""


@pytest.mark.parametrize("unit", ["edge-agent-setup.service", "edge-agent-grow.service"])
def test_nor_about_those_of_a_card(tmp_path: Path, unit: str) -> None:
    text = (UNITS / "image/machine/etc/systemd/system" / unit).read_text()
    text = text.replace("/usr/lib/edge-agent-image/grow.sh", sys.executable)
    assert complaints(text, tmp_path) == ""


def test_a_second_gate_has_the_unit_of_the_first_and_places_of_its_own(tmp_path: Path) -> None:
    rules = UNITS / "packaging/second.sed"
    told = subprocess.run(["sed", "-f", rules, UNIT], capture_output=True, text=True, check=True)
    second = told.stdout
    assert complaints(second, tmp_path) == ""
    for own in (
        "ExecStart=edge-agent run --config /etc/edge-agent/%i.toml",
        "ExecStopPost=-edge-agent lamps-off --config /etc/edge-agent/%i.toml",
        "StateDirectory=edge-agent-%i",
        "RuntimeDirectory=edge-agent-%i",
    ):
        assert second.splitlines().count(own) == 1
    assert "edge-agent.toml" not in second


def exposed(unit_text: str, folder: Path, most: int) -> str:
    """What systemd-analyze lists where the unit is more exposed than ``most`` tenths."""
    unit = folder / "edge-agent.service"
    unit.write_text(unit_text)
    told = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            "--no-pager",
            f"--threshold={most}",
            unit,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout + told.stderr if told.returncode else ""


@pytest.mark.parametrize(("unit", "most"), MOST_EXPOSED.items(), ids=lambda it: Path(str(it)).stem)
def test_a_unit_lets_its_program_do_no_more_than_it_needs(
    tmp_path: Path, unit: Path, most: int
) -> None:
    assert exposed(unit.read_text(), tmp_path, most) == ""


def told(unit: Path, key: str) -> list[str]:
    """All values of a key: a later one overrides the one before, or adds to it."""
    lines = unit.read_text().splitlines()
    return [line.removeprefix(f"{key}=") for line in lines if line.startswith(f"{key}=")]


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.stem)
def test_what_was_in_memory_never_lies_on_the_disk(unit: Path) -> None:
    assert told(unit, "LimitCORE") == told(unit, "MemorySwapMax") == ["0"]


@pytest.mark.parametrize("unit", MOST_EXPOSED, ids=lambda unit: unit.stem)
def test_what_systemd_analyze_does_not_count_stands_in_the_unit(unit: Path) -> None:
    for bound in ("MemoryMax", "TasksMax"):
        [most] = told(unit, bound)
        assert re.fullmatch(r"[1-9][0-9]*M?", most), bound
    for key in ("PrivateMounts", "RemoveIPC", "MemoryDenyWriteExecute"):
        assert told(unit, key) == ["yes"], key
    assert told(unit, "ProtectProc") == ["invisible"]
    # A later filter allows what one before it has forbidden.
    filters = ["@system-service", "~@privileged @resources"]
    assert told(unit, "SystemCallFilter") == filters + ["adjtimex clock_adjtime"] * (unit == UNIT)


def test_every_unit_is_looked_at() -> None:
    # What exchanges the program is root's, and may write wherever that lies.
    others = {UNITS / "edge-agent-upgrade.service"}
    assert set(UNITS.glob("*.service")) == MOST_EXPOSED.keys() | others


def test_a_unit_that_allows_more_would_be_noticed(tmp_path: Path) -> None:
    text = UNIT.read_text()
    for taken in ("SystemCallFilter=~@privileged @resources", "PrivateMounts=yes"):
        assert text.count(f"{taken}\n") == 1
        assert exposed(text.replace(f"{taken}\n", ""), tmp_path, MOST_EXPOSED[UNIT]) != ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("WatchdogSec=30", "WatchdogSecs=30"),
        ("Restart=always", "Restart=allways"),
        ("RestartForceExitStatus=80", "RestartForceExitStatus=many"),
        ("RestartSec=100ms", "RestartSec=soon"),
        ("SystemCallFilter=adjtimex", "SystemCallFilter=ajdtimex"),
        # In [Service] the key is not known, and the restarts would end after five.
        ("Type=notify", "Type=notify\nStartLimitIntervalSec=0"),
    ],
)
def test_a_slip_in_the_unit_would_be_noticed(tmp_path: Path, right: str, wrong: str) -> None:
    text = UNIT.read_text()
    assert right in text
    assert complaints(text.replace(right, wrong), tmp_path) != ""


@pytest.mark.parametrize("unit", ["edge-agent", "edge-agent-display", "edge-agent-receiver"])
def test_what_runs_for_years_is_started_for_ever(unit: str) -> None:
    """No number of crashes is the last one; the gate is the last to go where memory runs out."""
    lines = (UNITS / f"{unit}.service").read_text().splitlines()
    assert lines.index("StartLimitIntervalSec=0") < lines.index("[Service]")
    assert "Restart=always" in lines
    assert ("OOMScoreAdjust=-500" in lines) is (unit == "edge-agent")


def test_a_reload_asks_the_daemon_by_the_signal_that_it_hears() -> None:
    assert "ExecReload=kill -HUP $MAINPID" in UNIT.read_text().splitlines()


def test_a_gate_out_of_service_is_not_started_again() -> None:
    assert f"RestartPreventExitStatus={Retired.exit_code}" in UNIT.read_text().splitlines()


def test_whoever_leaves_a_ledger_is_started_again_at_once() -> None:
    """Also where somebody has made it Restart=on-failure; and the journal calls it no failure."""
    lines = UNIT.read_text().splitlines()
    for wanted in (
        f"RestartForceExitStatus={LEAVES}",
        f"SuccessExitStatus={LEAVES}",
        "Restart=always",
        "RestartSec=100ms",
    ):
        assert lines.count(wanted) == 1
