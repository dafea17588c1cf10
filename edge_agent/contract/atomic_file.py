"""A new file with names or worse in it: whole or not there at all, and its owner's alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .errors import BadRequest, StoreFault


@contextmanager
def new_private_file(target: Path) -> Iterator[IO[bytes]]:
    """A file of mode 0600 to write and read, which becomes ``target`` when it is complete.

    On disk by then; after an error, a kill included, there is nothing of that name. Raises
    BadRequest where ``target`` is there already, StoreFault where it cannot be written.
    """
    if target.exists():
        raise BadRequest(f"{target} is there already: name a new file.")
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fd = os.open(half, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w+b") as file:
            yield file
            file.flush()
            os.fsync(fd)
        # Not a rename: that would replace a file that came meanwhile.
        os.link(half, target)
    except OSError as error:
        raise StoreFault(
            f"{target} cannot be written ({error.strerror}): check its folder and the room there."
        ) from error
    finally:
        with suppress(OSError):
            half.unlink()
