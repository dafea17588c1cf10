"""The Debian package, made and used in each release that it is for.

Takes minutes, root, and a Debian mirror; what it needs is skipped with a reason where it is not.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .debian import CannotBoot, Debian

pytestmark = [
    pytest.mark.long,
    pytest.mark.system,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may start another machine"),
]

CHECKOUT = Path(__file__).parents[2]
SOURCES = "cd /opt/edge-agent-src"
SETTINGS = Path("etc/edge-agent/edge-agent.toml")
LEDGER = Path("var/lib/edge-agent/gate.db")


@pytest.fixture(params=["bookworm", "trixie"])
def debian(request: pytest.FixtureRequest, tmp_path: Path) -> Debian:
    debian = Debian(tmp_path / "root", request.param)
    try:
        debian.make(CHECKOUT)
    except CannotBoot as reason:
        pytest.skip(str(reason))
    return debian


def _it_is_made_twice_of_the_same_bytes(debian: Debian) -> Path:
    sums = [debian.do(f"{SOURCES}; make -s deb >&2; sha256sum dist/*.deb") for _ in range(2)]
    first, second = (told.strip().splitlines()[-1] for told in sums)
    assert first == second
    [package] = (debian.root / "opt/edge-agent-src/dist").glob("*.deb")
    return package


def _lintian_has_nothing_to_say(package: Path) -> None:
    if shutil.which("lintian"):
        told = subprocess.run(
            ["lintian", "--allow-root", "--fail-on", "error,warning", package],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stdout


def test_a_package_that_is_installed_upgraded_removed_and_purged(debian: Debian) -> None:
    """One machine of each release for all, because making it takes minutes."""
    package = _it_is_made_twice_of_the_same_bytes(debian)
    _lintian_has_nothing_to_say(package)
    install = f"dpkg -i /{package.relative_to(debian.root)}"

    assert "edge-agent setup" in debian.do(install)
    debian.do("edge-agent setup --id main-gate --port /dev/ttyUSB0 && edge-agent config check")
    debian.do("install -o edge-agent /dev/null /var/lib/edge-agent/gate.db")
    settings = (debian.root / SETTINGS).read_text()

    assert "Next:" not in debian.do(install)
    assert "edge-agent, version" in debian.do("edge-agent --version")
    debian.do("dpkg -r edge-agent")
    assert not (debian.root / "usr/lib/edge-agent").exists()
    assert (debian.root / SETTINGS).read_text() == settings
    assert (debian.root / LEDGER).exists()

    # Nobody is there to be asked: that is no yes.
    assert "are kept" in debian.do("DEBIAN_FRONTEND=noninteractive dpkg -P edge-agent")
    assert (debian.root / LEDGER).exists()
    debian.do(install)
    yes = "edge-agent edge-agent/delete-data boolean true"
    debian.do(f"echo {yes} | debconf-set-selections")
    debian.do("DEBIAN_FRONTEND=noninteractive dpkg -P edge-agent")
    assert not (debian.root / LEDGER).parent.exists()
    assert not (debian.root / SETTINGS).parent.exists()
