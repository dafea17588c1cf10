"""What a user without rights meets: a forked process that has really given up root's."""

import os
import pwd
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="ea-rights-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def as_user(name: str, work: Callable[[], object], *groups: int) -> str:
    """Have ``work`` done by a user, in these groups too; what it raised, or "" where nothing.

    What it needs must be imported already: the interpreter's own folder may be closed to others.
    """
    person = pwd.getpwnam(name)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = ""
        try:
            os.setgroups(groups)
            os.setgid(person.pw_gid)
            os.setuid(person.pw_uid)
            work()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        finally:
            os.write(writer, said.encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        said = answer.read().decode()
    os.waitpid(child, 0)
    return said
