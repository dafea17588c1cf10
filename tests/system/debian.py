"""A Debian of its own with systemd as its first process: made by debootstrap, run by nspawn."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

_PACKAGES = "systemd,systemd-sysv,dbus,udev,python3,python3-venv,ca-certificates,make,mosquitto"
_WHEELS = "/opt/wheels"

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}
"""Of whoever is logged in there: nothing of what the tests themselves are started with."""

_NSPAWN = (
    "systemd-nspawn",
    "--register=no",
    "--keep-unit",
    "--private-network",
    # As on a Pi the kernel answers; whether the unit lets the daemon ask is to be seen.
    "--system-call-filter=adjtimex clock_adjtime",
)


def mirror(suite: str) -> str:
    """Where this machine's own apt has Debian from; the public one where that tells nothing."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(SUITE) $(CODENAME)"],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [line.split() for line in told.stdout.splitlines()]
    for address, *names in rows:
        # Of another release than this machine's, the same mirror has it as well.
        if suite in names or not any("-" in name for name in names):
            return address
    return "http://deb.debian.org/debian"


class CannotBoot(Exception):
    """This machine cannot be asked for it; the reason."""


def until(true: Callable[[], bool], what: str) -> None:
    """Ask until it is so. Nothing tells of it from within another machine."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"{what} did not come about in {PATIENCE_S:.0f} s"
        time.sleep(0.2)


class Debian:
    """The machine in ``root``. It has a network with itself only."""

    def __init__(self, root: Path, suite: str = "bookworm") -> None:
        self.root = root
        self._suite = suite
        # Without a name of its own it has the folder's, and so would another one beside it.
        self._in_it = (*_NSPAWN, "-D", root, f"--machine=gate-{suite}-{os.getpid()}")
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._first = ""
        self._console = root.with_name("console")

    def make(self, checkout: Path) -> None:
        """Install Debian, and lay out what a technician brings along: checkout and wheels.

        Raises CannotBoot where that is not to be had here.
        """
        if not (shutil.which("debootstrap") and shutil.which("systemd-nspawn")):
            raise CannotBoot("debootstrap and systemd-container are not installed")
        made = subprocess.run(
            [
                "debootstrap",
                "--variant=minbase",
                f"--include={_PACKAGES}",
                self._suite,
                self.root,
                mirror(self._suite),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise CannotBoot(f"debootstrap: {(made.stdout + made.stderr).strip()[-200:]}")
        [python] = {path.name for path in (self.root / "usr/bin").glob("python3.*[0-9]")}
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        own = self.root / "opt/edge-agent-src"
        shutil.copytree(
            checkout,
            own,
            ignore=shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__"),
        )
        wheels = self.root / _WHEELS.lstrip("/")
        pip = (sys.executable, "-m", "pip", "download", "-q", "-d", wheels)
        which = ["--only-binary=:all:", "--python-version", python.removeprefix("python")]
        for glibc in ("2014", "_2_17", "_2_27", "_2_28", "_2_34"):
            which += ["--platform", f"manylinux{glibc}_{platform.machine()}"]
        pinned = ("--no-deps", "--require-hashes", "-r", own / "config/constraints-display.txt")
        subprocess.run([*pip, *which, *pinned], check=True)
        (self.root / "etc/pip.conf").write_text(
            f"[global]\nno-index = true\nfind-links = {_WHEELS}\n"
        )

    def do(self, command: str) -> str:
        """What a shell's command prints, as root, in a machine that is not booted; it succeeds."""
        done = subprocess.run(
            [*self._in_it, "-q", "--pipe", "sh", "-c", f"set -e\n{command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def boot(self) -> None:
        """Start systemd in it, and wait until everything that it starts has started."""
        with self._console.open("wb") as console:
            self._nspawn = subprocess.Popen(
                [*self._in_it, "-b"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )
        pid = self._nspawn.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")

        def began() -> bool:
            if self._nspawn is not None and self._nspawn.poll() is not None:
                raise CannotBoot(self._console.read_text(errors="replace")[-200:])
            self._first = children.read_text().split()[0] if children.read_text().split() else ""
            return bool(self._first) and self.run("systemctl is-system-running").strip() in (
                "running",
                "degraded",
            )

        until(began, "the boot")

    def end(self) -> None:
        """As by a power switch: with its first process all others of it end, and nspawn after."""
        if self._nspawn is None:
            return
        if self._first:
            with suppress(ProcessLookupError):
                os.kill(int(self._first), signal.SIGKILL)
        else:
            self._nspawn.kill()
        self._nspawn.wait()

    def run(self, command: str) -> str:
        """What a shell's command prints, as root, whatever its exit code."""
        done = subprocess.run(
            ["nsenter", "-t", self._first, "-a", "sh", "-c", command],
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def write(self, path: str, text: str) -> None:
        """A file, with all folders above it."""
        there = self.root / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text)

    def service(self, key: str) -> str:
        """A property of the daemon's unit."""
        return self.run(f"systemctl show -p {key} --value edge-agent").strip()

    def status(self) -> dict[str, Any]:
        """``edge-agent status``."""
        told: dict[str, Any] = json.loads(self.run("edge-agent status --json"))
        return told
