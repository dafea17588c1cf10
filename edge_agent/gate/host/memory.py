"""The process's memory: no traces of fingerprint templates that can be helped, and no more of it
than is in use.

Python neither locks nor clears what it frees: it stays until something else takes its place. So
whoever is done with a template, in whatever form, wipes it (docs/templates.md says what is left).
"""

import gc
from contextlib import suppress
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


_M_ARENA_MAX = -8
"""mallopt(3)."""


def share_one_heap() -> None:
    """Have the C library keep one heap for all threads, not one for each; before there are any.

    Python's lock lets one of them run at a time, and of a heap of its own a thread uses a part.
    """
    with suppress(AttributeError):  # Another C library than glibc.
        _libc().mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Give the system what a start has used, and a gate that runs does not."""
    gc.collect()
    with suppress(AttributeError):
        _libc().malloc_trim(0)


def _libc() -> Any:
    import ctypes  # Not for every command: it takes as long to load as all that most need.

    return ctypes.CDLL(None, use_errno=True)
