"""A disk of a few megabytes, to fill."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def may_mount() -> bool:
    """Root, and in a place where root may mount: many containers forbid it."""
    if os.geteuid() != 0:
        return False
    tried = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "gate", "/mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0


@contextmanager
def small_disk(folder: Path, size: str = "1m") -> Iterator[Path]:
    """Mount a small disk over ``folder``."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "gate", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path, name: str = "ballast") -> Path:
    """Leave no byte; the file that took them all."""
    ballast = disk / name
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    return ballast
