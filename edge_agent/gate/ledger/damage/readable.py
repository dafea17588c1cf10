"""Write everything that can be proved in a database that was set aside into a readable file."""

import logging
import time
from pathlib import Path

from ..succession.swap import set_aside
from .carve import find_entries, prove

log = logging.getLogger(__name__)

_PAUSE_EVERY = 50
_PAUSE_S = 0.05
"""The gate records meanwhile, on the same two or four cores and the same card."""


def write_readable(path: Path) -> None:
    """For each damaged database beside ``path`` that has none yet: its entries, one a line.

    JSON, as they went or would have gone over the wire, in the order in which they are found; each
    with the hash of its data. A power cut in the middle only means to begin again.
    """
    for old in set_aside(path):
        readable = old.with_name(f"{old.name}.jsonl")
        if "damaged" not in old.name or readable.exists():
            continue
        part = readable.with_name(f"{readable.name}.part")
        with part.open("wb") as lines:
            count = 0
            seen: set[tuple[int, bytes]] = set()
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
        part.rename(readable)
        log.info("%d entries of the damaged database can be read in %s", count, readable)
