"""One version in the place of another, with the power cut at each step: no press is lost."""

import os
import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli import main
from edge_agent.cli import upgrade as cli
from edge_agent.contract.errors import StoreFault
from edge_agent.gate.errors import NotUpgraded
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.upgrade import conduct
from edge_agent.gate.upgrade.places import Places
from tests.gate.ledger.ledgers import ZONE
from tests.power_cut import PowerCut

from .site import NEW, OLD, Site, program

CLEARED = Path(__file__).parents[3] / "config" / "edge-agent.tmpfiles.conf"


def punched(site: Site) -> list[str]:
    """Whose punches the version that runs reads in an unbroken ledger, the first one's."""
    assert site.runs is not None
    assert not list(site.database.parent.glob("gate.db.old-*"))
    with (
        program(site.runs, site.alters),
        closing(SqliteStore.read_only(site.database, ZONE)) as store,
    ):
        verify_ledger(store)
        found = [entry for entry in store.entries(1, 1000) if entry.kind == "punch.recorded"]
        return [store.data_of(entry)["worker"] for entry in found]


def nothing_is_left(site: Site) -> bool:
    left = {path.name for path in site.places.workshop.iterdir()}
    return left == {"outcome.json", "by"}


def runs_with_its_own_files(site: Site) -> bool:
    unit = site.places.home.parents[1] / "etc/systemd/system/edge-agent.service"
    return site.runs == site.places.current and unit.read_text() == f"# of {site.runs}\n"


@pytest.mark.parametrize(
    ("new", "alters", "ends", "runs"),
    [
        ("good", True, "upgrade.done", NEW),
        ("good", False, "upgrade.done", NEW),
        ("no sensor", True, "upgrade.no-sensor", OLD),
        ("start", True, "upgrade.returned", OLD),
        ("start", False, "upgrade.returned", OLD),
        ("alive", True, "upgrade.returned", OLD),
        ("files", True, "upgrade.returned", OLD),
        # Only the new version can read what somebody has pressed.
        ("punch", True, "upgrade.stays", None),
        ("punch", False, "upgrade.returned", OLD),
    ],
)
def test_how_it_ends(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    new: str,
    alters: bool,
    ends: str,
    runs: str | None,
) -> None:
    site = Site(tmp_path, monkeypatch, new, alters)
    site.start()
    site.ask_for_upgrade()
    how = site.conduct()
    assert how is not None
    assert how.name == ends
    assert site.runs == runs
    assert nothing_is_left(site)
    if runs is None:  # It does not stay up; what it has recorded is there for when it does.
        site.new = "good"
        site.start()
    assert punched(site) == site.presses
    assert runs_with_its_own_files(site)


def test_a_disk_without_room_for_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(database: Path, target: Path) -> None:
        raise StoreFault("store.disk-full", path=target)

    site = Site(tmp_path, monkeypatch)
    site.start()
    site.ask_for_upgrade()
    monkeypatch.setattr(conduct, "make_stand_in", full)
    how = site.conduct()
    assert how is not None
    assert how.name == "upgrade.no-copy"
    assert runs_with_its_own_files(site)
    assert nothing_is_left(site)


def test_a_version_that_cannot_read_a_copy_never_gets_as_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path, monkeypatch, "no proof")
    site.start()
    with pytest.raises(NotUpgraded):
        site.ask_for_upgrade()
    assert site.conduct() is None
    assert punched(site) == site.presses
    assert runs_with_its_own_files(site)


@pytest.mark.parametrize(
    ("new", "each"),
    [
        ("good", 3),
        ("start", 4),
        *(pytest.param(new, 1, marks=pytest.mark.long) for new in ("good", "start", "alive")),
    ],
)
def test_a_power_cut_at_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: str, each: int
) -> None:
    """Whichever version runs then has every press, its own files, and no twin."""
    ran = set()
    for cut in range(1, 100, each):
        with monkeypatch.context() as patched:
            site = Site(tmp_path / str(cut), patched, new)
            site.start()
            site.ask_for_upgrade()
            site.cut = cut
            try:
                site.conduct()
            except PowerCut:
                site.boot(daemon_first=cut % 2 == 0)
            else:
                break
        assert punched(site) == site.presses, cut
        assert runs_with_its_own_files(site), cut
        assert nothing_is_left(site), cut
        ran.add(site.runs)
    else:
        pytest.fail("an upgrade of a hundred steps")
    assert ran == ({OLD, NEW} if new == "good" else {OLD})


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_whoever_is_hung_up_leaves_no_copy_with_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """While the new version reads the copy: over a bad line that takes longest."""
    site = Site(tmp_path, monkeypatch)
    site.start()
    (site.places.home / "previous").symlink_to(f"versions/{NEW}")
    held = []

    def hang_up(version: str, command: str, *arguments: str) -> str:
        if command == "upgrade":
            held.extend(path.name for path in site.places.workshop.glob("proof.db*"))
            os.kill(os.getpid(), number)
        return ""

    monkeypatch.setattr(site, "ask", hang_up)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli, "Places", lambda: site.places)
    monkeypatch.setattr(cli, "SystemMachine", lambda places, language: site)
    asked = ["upgrade", "--back", "--config", str(site.config)]
    before = signal.signal(number, signal.SIG_DFL)  # As at a terminal, whoever runs the tests.
    try:
        assert CliRunner().invoke(main, asked).exit_code == 130
    finally:
        signal.signal(number, before)
    assert "proof.db" in held
    assert not list(site.places.workshop.glob("proof.db*"))
    assert punched(site) == site.presses


@pytest.mark.skipif(shutil.which("systemd-tmpfiles") is None, reason="there is no systemd")
def test_a_power_cut_meanwhile_leaves_none_beyond_the_next_boot(tmp_path: Path) -> None:
    workshop = Places(tmp_path).workshop
    workshop.mkdir(parents=True)
    for name in ("proof.db", "proof.db-wal", "journal.json", "stand-in-0.db"):
        (workshop / name).touch()
    # The rules for folders are of users that are not here.
    subprocess.run(
        ["systemd-tmpfiles", f"--root={tmp_path}", "--boot", "--remove", CLEARED],
        capture_output=True,
        check=False,
    )
    assert {path.name for path in workshop.iterdir()} == {"journal.json", "stand-in-0.db"}
