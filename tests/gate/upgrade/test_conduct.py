"""One version in the place of another, with the power cut at each step: no press is lost."""

from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.gate.errors import NotUpgraded
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.upgrade import conduct
from tests.gate.ledger.ledgers import GATE, ZONE

from .site import NEW, OLD, PowerCut, Site, program


def punched(site: Site) -> list[str]:
    """Whose punches the version that runs reads in an unbroken ledger, the first one's."""
    assert site.runs is not None
    assert not list(site.database.parent.glob("gate.db.old-*"))
    with (
        program(site.runs, site.alters),
        closing(SqliteStore.read_only(site.database, GATE, ZONE)) as store,
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
