"""How full a disk is, in one reckoning for whoever tells it: that of df."""

import os
from pathlib import Path
from typing import NamedTuple

FILLING, FULL = 80, 95
"""Percent used, from which room is to be made, and from which it is to be made now."""


class Usage(NamedTuple):
    """Bytes of a disk; ``free`` are those that ordinary users may still have."""

    used: int
    free: int

    @property
    def percent(self) -> int:
        """How much of what ordinary users may have is used."""
        return 100 * self.used // ((self.used + self.free) or 1)


def usage_of(folder: Path) -> Usage:
    """Of the disk that a folder is on. Raises OSError."""
    # Not by shutil, which brings three libraries for archives into every status.
    found = os.statvfs(folder)
    return Usage((found.f_blocks - found.f_bfree) * found.f_frsize, found.f_bavail * found.f_frsize)
