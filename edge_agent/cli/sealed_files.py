"""Files that carry secrets, read whole and within bounds, and written so that they can be read."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from ..contract.atomic_file import new_private_file
from ..contract.errors import BadRequest, EdgeAgentError
from ..contract.language import because, say
from ..gate.people.templates.backup_file import (
    LONGEST_FILE,
    Backup,
    BadBackup,
    read_backup,
    read_header,
)
from ..gate.people.templates.sealing import AgeSealing
from .help import Function, line_given
from .options import FilePath
from .tell import somebody_types, tell

_LONGEST_KEY_FILE = 64 * 1024


def _refuse_secrets(
    ctx: click.Context, param: click.Parameter, named: tuple[str, ...]
) -> tuple[str, ...]:
    if any(map(_is_secret, named)):
        raise BadRequest("backup.secret-typed")
    return named


def _refuse_typed_key(ctx: click.Context, param: click.Parameter, file: Path) -> Path:
    if _is_secret(file.name):
        raise BadRequest("backup.identity-typed")
    if _is_public(str(file)):
        raise BadRequest("backup.public-key-opens-nothing", key=str(file))
    return file


def _refuse_typed_keys(
    ctx: click.Context, param: click.Parameter, files: tuple[Path, ...]
) -> tuple[Path, ...]:
    for file in files:
        if _is_secret(file.name):
            raise BadRequest("backup.secret-typed")
        if _is_public(str(file)):
            raise BadRequest("backup.key-is-no-file", line=line_given(ctx, str(file), "-r"))
    return files


def _is_secret(typed: str) -> bool:
    return typed.strip().upper().startswith("AGE-SECRET-KEY-")


def _is_public(typed: str) -> bool:
    """Whether a key was typed where a file is asked for."""
    return typed.lower().startswith("age1") and not os.path.lexists(typed)


with_identity = click.option(
    "--identity",
    type=FilePath(path_type=Path, dir_okay=False, allow_dash=True),
    required=True,
    metavar="KEYFILE",
    callback=_refuse_typed_key,
    is_eager=True,  # Whatever else is wrong with the line: it stands in the shell's history.
    help="help.identity",
)


def with_recipients(command: Function) -> Function:
    """To whom is sealed, as ``named`` and ``listed``: see ``recipients``."""
    file = FilePath(path_type=Path, dir_okay=False)
    add_named = click.option(
        *("--recipient", "-r", "named"),
        multiple=True,
        metavar="age1…",
        callback=_refuse_secrets,
        is_eager=True,  # As above.
        help="help.recipient",
    )
    add_listed = click.option(
        *("--recipients-file", "-R", "listed"),
        type=file,
        multiple=True,
        callback=_refuse_typed_keys,
        is_eager=True,  # As above.
        help="help.recipients-file",
    )
    return add_named(add_listed(command))


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


def open_backup(file: Path, identity: Path, sealing: AgeSealing) -> Backup:
    """All of a backup, checked before anything is done with it. Raises BadBackup."""
    content = read_file(file)
    try:
        read_header(content.split(b"\n", 1)[0])  # Before a key is asked for.
        keys = identities(identity)
        return read_backup(content, lambda sealed: sealing.open(sealed, keys))
    except BadBackup as error:
        raise BadBackup("backup.unusable", file=file, why=error) from error


@contextmanager
def new_sealed_file(file: Path) -> Iterator[list[bytes]]:
    """The lines of a new file, to be filled: it is written when they are complete, and read back.

    Raises BadRequest where it is there already, StoreFault where it cannot be written, and
    EdgeAgentError where it does not read as it was written.
    """
    lines: list[bytes] = []
    with new_private_file(file) as out:
        yield lines
        content = b"".join(line + b"\n" for line in lines)
        out.write(content)
    if read_file(file) != content:
        raise EdgeAgentError("backup.medium-broken", file=file)


def identities(path: Path) -> list[str]:
    """The private keys in a file of age-keygen's; ``-`` is standard input. Used in memory only."""
    return _keys(path, "AGE-SECRET-KEY-1", "file.no-identity")


def tell_if_key_stays(identity: Path, database: str) -> None:
    """Of a private key that lies where the templates do: whoever takes the one has the other."""
    with suppress(OSError):  # Whoever may not look at the database is not told.
        if str(identity) != "-" and identity.stat().st_dev == Path(database).stat().st_dev:
            tell(say("backup.key-on-gate", path=identity), err=True)


def recipients(named: Iterable[str], listed: Iterable[Path]) -> list[str]:
    """The public keys that are named, then those in files, one a line. Raises BadRequest where the
    file is named in the place of its keys."""
    for file in named:
        if not file.startswith("age1") and os.path.isfile(file):
            _keys(Path(file), "age1", "backup.no-public-key")
            line = line_given(click.get_current_context(), file, "--recipients-file")
            raise BadRequest("backup.file-of-keys", path=file, line=line)
    found = (key for path in listed for key in _keys(path, "age1", "file.no-recipient"))
    return [*named, *found]


def _keys(path: Path, begin: str, otherwise: str) -> list[str]:
    try:
        if str(path) == "-":
            if somebody_types():
                tell(say("backup.paste-key"), err=True)
            content = sys.stdin.buffer.read(_LONGEST_KEY_FILE)
        else:
            with path.open("rb") as file:
                content = file.read(_LONGEST_KEY_FILE)
    except OSError as error:
        raise BadRequest("file.unreadable", path=path, why=because(error)) from error
    lines = [line.strip() for line in content.decode("ascii", "replace").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    # What stands there is not shown: it may be a key all the same.
    if begin == "age1" and any(map(_is_secret, keys)):
        raise BadRequest("backup.secret-listed", path=path)
    if not keys or not all(key.startswith(begin) for key in keys):
        raise BadRequest(otherwise, path=path)
    return keys
