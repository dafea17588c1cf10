"""Claims on paths that two simulators must not share: the link and the flash file.

A claim is a name in the kernel's abstract socket namespace. It leaves nothing on disk, and the
kernel frees it however the process ends, so a claim that is held means a simulator that lives.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.simulator.errors import SimulatorError


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold the claim on `path`.

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
