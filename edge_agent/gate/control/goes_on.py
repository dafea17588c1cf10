"""A daemon that goes on with the settings it read at its start, where their file is broken now."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

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
                still = Message(f"settings.still-{'records' if _records(told) else 'runs'}")
                if (since := told["started_at"]) is None:
                    return Message("settings.goes-on", gate=told["gate"], still=still)
                return Message(
                    "settings.goes-on-since", gate=told["gate"], still=still, since=since
                )
    return None


def _records(told: dict[str, Any]) -> bool:
    """Whether a finger that is pressed now is recorded."""
    ready = told["sensor"]["state"] == "ready" and told["store"]["state"] != "failing"
    return ready and "gate" not in told.get("hangs", ())
