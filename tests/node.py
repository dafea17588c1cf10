"""Node.js for the tests of what is not Python: packages from npm, in a folder of the test's own."""

import shutil
import subprocess
from pathlib import Path

import pytest

_INSTALL_S = 400


def installed(folder: Path, *packages: str) -> Path:
    """``folder`` with these npm packages; skips where there is no Node or npm cannot be reached."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("Node.js and npm are not installed (apt-get install nodejs npm)")
    (folder / "package.json").write_text('{"private": true}')
    flags = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    try:
        done = subprocess.run(
            [npm, "install", *flags, *packages],
            check=False,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {packages} within {_INSTALL_S} s")
    if done.returncode:
        pytest.skip(f"npm cannot install {packages}: {done.stderr[-500:]}")
    return folder
