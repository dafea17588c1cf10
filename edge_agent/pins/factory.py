"""The factory of pins, real or mocked, named so that gpiozero never falls back to a guess."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gpiozero.pins.mock import MockFactory

from ..domain.errors import PinFault


def pin_factory(pins: str) -> Any:
    """What makes pins: ``mock`` without hardware, else those of the header."""
    return MockFactory() if pins == "mock" else _header()


def _header() -> Any:
    if "LG_WD" not in os.environ:
        # lgpio makes a named pipe in the current folder unless told where, and fails where this
        # user may not write.
        os.environ["LG_WD"] = folder = tempfile.mkdtemp(prefix="edge-agent-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    from gpiozero.pins.lgpio import LGPIOFactory

    return LGPIOFactory()


@contextmanager
def opening(key: str) -> Iterator[None]:
    """Turn whatever goes wrong into a PinFault that names the setting."""
    try:
        yield
    except Exception as error:  # lgpio's own errors derive from nothing else.
        raise PinFault(
            f"The pin in [sensor] {key} cannot be used ({error}): check its number, that nothing "
            "else has it, that this user is in the group gpio and that lgpio is installed; or set "
            f'{key} = "none".'
        ) from error
