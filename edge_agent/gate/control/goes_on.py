"""A daemon that goes on with the settings it read at its start, where their file is broken now."""

import re
from contextlib import suppress
from pathlib import Path

from ...contract.errors import EdgeAgentError
from ...contract.language import Message
from ..settings.schema import ControlSettings
from .client import PATIENCE_S, ask_status

_SOCKET = re.compile(r"""^[ \t]*socket[ \t]*=[ \t]*["']([^"'\n]+)["']""", re.M)
"""Of a file that is no TOML, perhaps. Who answers there says itself which file is its own."""


def goes_on(config: Path) -> Message | None:
    """What is told of the daemon that runs with what stood in this file; None: none that answers
    does."""
    text = ""
    with suppress(OSError):
        text = config.read_text(errors="replace")
    usual = ControlSettings().socket
    for socket in dict.fromkeys([*_SOCKET.findall(text), usual]):
        with suppress(EdgeAgentError, ValueError):
            told = ask_status(config.absolute().parent / socket, PATIENCE_S)
            if Path(told["settings"]["file"]).resolve() == config.resolve():
                if (since := told["started_at"]) is None:
                    return Message("settings.goes-on", gate=told["gate"])
                return Message("settings.goes-on-since", gate=told["gate"], since=since)
    return None
