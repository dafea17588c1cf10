"""Files that carry secrets: read whole and within bounds, written whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..contract.atomic_file import becoming
from ..contract.errors import BadRequest
from ..contract.rights import unmakeable
from ..gate.people.templates.backup_file import LONGEST_FILE

_LONGEST_KEY_FILE = 64 * 1024


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that is only its owner's to read, and at ``path`` only once it is durably whole.

    Raises BadRequest where there is a file already: an older backup is never written over.
    """
    refuse_existing(path)
    try:
        with becoming(path) as half, half.open("r+b") as file:
            yield file
    except OSError as error:
        raise BadRequest(f"{path} cannot be written: {unmakeable(path, error)}.") from error


def refuse_existing(path: Path) -> None:
    """Raise BadRequest where there is something at ``path``."""
    if os.path.lexists(path):
        raise BadRequest(f"{path} exists already and is left as it is: name a new file.")


def read_file(path: Path) -> bytes:
    """All of a file. Raises BadRequest where it cannot be read or is longer than any backup."""
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise BadRequest(f"{path} cannot be read ({error.strerror}).") from error
    if len(content) > LONGEST_FILE:
        raise BadRequest(f"{path} is longer than any backup.")
    return content


def identities(path: Path) -> list[str]:
    """The private keys in a file of age-keygen's; ``-`` is standard input. Used in memory only."""
    return _keys(path, "AGE-SECRET-KEY-1", "an age identity (AGE-SECRET-KEY-1…)")


def recipients(path: Path) -> list[str]:
    """The public keys in a file, one a line."""
    return _keys(path, "age1", "an age recipient (age1…)")


def _keys(path: Path, begin: str, what: str) -> list[str]:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(_LONGEST_KEY_FILE)
        else:
            with path.open("rb") as file:
                content = file.read(_LONGEST_KEY_FILE)
    except OSError as error:
        raise BadRequest(f"{path} cannot be read ({error.strerror}).") from error
    lines = [line.strip() for line in content.decode("ascii", "replace").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    # What stands there is not shown: it may be a key all the same.
    if not keys or not all(key.startswith(begin) for key in keys):
        raise BadRequest(f"{path} is not {what} a line.")
    return keys
