"""What may stand at the paths that a simulator is given, and that no two of them share one."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PTY_FOLDER = "/dev/pts/"


class SimulatorError(Exception):
    """The simulator cannot start or go on; the message says what, where and what to do."""


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold the claim on `path`, which is a name in the kernel's abstract socket namespace.

    It leaves nothing on disk, and the kernel frees it however the process ends, so a claim that
    is held means a simulator that lives.

    Raises:
        SimulatorError: another simulator holds it.
    """
    # The name has room for 107 bytes, a path may be longer; follow links of the folder only.
    place = path.parent.resolve() / path.name
    name = b"\0edge-agent-simulator-" + hashlib.sha256(bytes(place)).hexdigest().encode()
    with socket.socket(socket.AF_UNIX) as claim:
        try:
            claim.bind(name)
        except OSError as error:
            raise SimulatorError(
                f"another simulator is using {path}; stop it or choose another path"
            ) from error
        yield


def check_link(link: Path) -> None:
    """Make sure that a pty may be linked at `link`; its claim must be held.

    Raises:
        SimulatorError: something else is there.
    """
    if not link.parent.is_dir():
        raise SimulatorError(f"the folder of the link {link} does not exist; make it first")
    try:
        target = os.readlink(link)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        target = ""
    # A link to a pty was left by a simulator that died; any other has another owner.
    if not target.startswith(_PTY_FOLDER):
        raise SimulatorError(
            f"{link} is already there and no simulator made it; remove it or choose another path"
        )


def free_socket(path: Path) -> None:
    """Remove a socket that nobody listens on, so that another can be made at `path`.

    Raises:
        SimulatorError: something else is there, or somebody listens.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SimulatorError(
            f"{path} is already there and is no socket; remove it or choose another path"
        )
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise SimulatorError(
                f"cannot use the control socket {path} ({error.strerror}); choose another path"
            ) from error
    raise SimulatorError(f"somebody is listening at {path}; stop them or choose another path")
