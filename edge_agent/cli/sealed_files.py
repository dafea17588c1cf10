"""Files that carry secrets, read whole and within bounds."""

import sys
from pathlib import Path

from ..contract.errors import BadRequest
from ..contract.language import because
from ..gate.people.templates.backup_file import LONGEST_FILE

_LONGEST_KEY_FILE = 64 * 1024


def read_file(path: Path) -> bytes:
    """All of a file. Raises BadRequest where it cannot be read or is longer than any backup."""
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise BadRequest("file.unreadable", path=path, why=because(error)) from error
    if len(content) > LONGEST_FILE:
        raise BadRequest("file.too-long", path=path)
    return content


def identities(path: Path) -> list[str]:
    """The private keys in a file of age-keygen's; ``-`` is standard input. Used in memory only."""
    return _keys(path, "AGE-SECRET-KEY-1", "file.no-identity")


def recipients(path: Path) -> list[str]:
    """The public keys in a file, one a line."""
    return _keys(path, "age1", "file.no-recipient")


def _keys(path: Path, begin: str, otherwise: str) -> list[str]:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(_LONGEST_KEY_FILE)
        else:
            with path.open("rb") as file:
                content = file.read(_LONGEST_KEY_FILE)
    except OSError as error:
        raise BadRequest("file.unreadable", path=path, why=because(error)) from error
    lines = [line.strip() for line in content.decode("ascii", "replace").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    # What stands there is not shown: it may be a key all the same.
    if not keys or not all(key.startswith(begin) for key in keys):
        raise BadRequest(otherwise, path=path)
    return keys
