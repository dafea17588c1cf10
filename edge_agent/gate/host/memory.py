"""Fingerprint templates leave no more traces in memory, and none in a core, than can be helped.

Python neither locks nor clears what it frees: it stays until something else takes its place. So
whoever is done with a template, in whatever form, wipes it (docs/templates.md says what is left).
"""

from typing import Any

_PR_SET_DUMPABLE = 4
"""prctl(2). Unlike RLIMIT_CORE, which is 0 for every command (``__main__``), it also keeps a core
from a program that takes cores by a pipe."""


def write_no_core() -> None:
    """From now on no core is written of this process, and nobody but root looks into its memory."""
    _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def wipe(*held: bytes | None) -> None:
    """Overwrite with zeros, in its place. Only for what came from outside and nobody else has: it
    is the same object for all who hold it.
    """
    import ctypes

    for data in held:
        if data is not None and len(data) > 1:  # Shorter ones are everybody's.
            # The bytes end with the object, before their closing zero.
            ctypes.memset(id(data) + data.__sizeof__() - 1 - len(data), 0, len(data))


def _libc() -> Any:
    import ctypes  # Not for every command: it takes as long to load as all that most need.

    return ctypes.CDLL(None, use_errno=True)
