"""A disk of a few megabytes, to fill."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest


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


def may_make_ext4() -> bool:
    """Loop devices too, which fewer places have."""
    if not may_mount() or shutil.which("mkfs.ext4") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            with ext4_disk(Path(folder)):
                return True
        except subprocess.CalledProcessError:
            return False


@contextmanager
def ext4_disk(folder: Path, size: str = "24m") -> Iterator[Path]:
    """Mount a disk with a gate's file system over ``folder``; its blocks are in a file beside."""
    image = image_of(folder)
    with image.open("wb") as blocks:
        blocks.truncate(int(size[:-1]) << 20)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True, capture_output=True)
        mount_image(folder)
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)
    finally:
        image.unlink()


def image_of(folder: Path) -> Path:
    """The file that holds the blocks of the disk over ``folder``."""
    return folder.with_name(f"{folder.name}.image")


def mount_image(folder: Path) -> None:
    """Mount it (again)."""
    command = ["mount", "-o", "loop", image_of(folder), folder]
    subprocess.run(command, check=True, capture_output=True)


def switch_off_and_on(folder: Path) -> None:
    """Mount what was mounted there anew, mended, as a machine does that is switched off and on."""
    subprocess.run(["umount", folder], check=True)
    # A copy: a file system that was aborted goes on, read-only, as long as any other process has a
    # mount namespace from meanwhile, and its blocks mounted again would be just that.
    image = image_of(folder)
    switched_on = image.with_suffix(".new")
    shutil.copyfile(image, switched_on)
    switched_on.rename(image)
    subprocess.run(["e2fsck", "-fp", image], check=False, capture_output=True)
    mount_image(folder)


DISKS = {"tmpfs": (small_disk, may_mount), "ext4": (ext4_disk, may_make_ext4)}


def disk_like(kind: str, folder: Path, size: str) -> AbstractContextManager[Path]:
    """A small disk of that kind; the test is skipped where there can be none."""
    make, possible = DISKS[kind]
    if not possible():
        pytest.skip(f"only root may mount a small {kind}, and not in every container")
    return make(folder, size)


def fill(disk: Path, name: str = "ballast") -> Path:
    """Leave no byte; the file that took them all."""
    ballast = disk / name
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    return ballast
