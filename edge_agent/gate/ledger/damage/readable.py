"""Write everything that can be proved in a database that was set aside into a readable file.

By a process of its own, at low priority: the gate records meanwhile, on the same two or four cores
and the same card, and what it takes of memory is given back.
"""

import fcntl
import logging
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ....contract.atomic_file import replacing
from ....contract.told import entries
from ...host.lock import give_to_folder_owner
from ..succession.swap import set_aside

log = logging.getLogger(__name__)

_PAUSE_EVERY = 50
_PAUSE_S = 0.05
"""The card knows of no priorities."""


def begin_readable(path: Path, config: Path) -> "subprocess.Popen[bytes] | None":
    """Have ``edge-agent ledger readable`` do it, where there is something to do.

    ``config``: the settings' file. The process is to be killed where its daemon ends. Never raises.
    """
    command = ("ledger", "readable", "--config", str(config))
    try:
        if not any(_unreadable(path)):
            return None
        return subprocess.Popen(
            (sys.executable, "-m", "edge_agent", *command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    except OSError as error:  # Of memory, or of the card: the gate records all the same.
        log.warning("a damaged database is not made readable: %s", error)
        return None


def write_readable(path: Path) -> None:
    """For each damaged database beside ``path`` that has none yet: its entries, one a line.

    JSON, as they went or would have gone over the wire, in the order in which they are found; each
    with the hash of its data. A power cut in the middle only means to begin again. Does nothing
    where another process is at it. Raises OSError.
    """
    for old in _unreadable(path):
        with _locked(old) as is_ours:
            if is_ours and not readable_copy(old).exists():
                _write(old)


def _unreadable(path: Path) -> Iterator[Path]:
    for old in set_aside(path):
        if "damaged" in old.name and not readable_copy(old).exists():
            yield old


def readable_copy(old: Path) -> Path:
    """Where that of a damaged database is, or will be."""
    return old.with_name(f"{old.name}.jsonl")


@contextmanager
def _locked(old: Path) -> Iterator[bool]:
    """Whether this process is the one that reads it; the kernel frees it when that ends."""
    fd = os.open(old, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(fd)


def _write(old: Path) -> None:
    from .carve import find_entries, prove  # Only here: the daemon only has this begun.

    count = 0
    seen: set[tuple[int, bytes]] = set()
    mode = stat.S_IMODE(old.stat().st_mode) & ~stat.S_IRWXO
    with replacing(readable_copy(old), mode=mode) as lines:
        for file in (old, old.with_name(f"{old.name}-wal")):
            for found in find_entries(file) if file.exists() else ():
                entry = prove(found)
                key = (found.seq, entry.hash[:4]) if entry else None
                if entry and key and key not in seen:
                    seen.add(key)
                    lines.write(entry.wire + b"\n")
                    count += 1
                if count % _PAUSE_EVERY == 0:
                    time.sleep(_PAUSE_S)
    give_to_folder_owner(readable_copy(old))
    log.info("%s of the damaged database can be read in %s", entries(count), readable_copy(old))
