"""A new settings file with what makes a gate of a machine."""

import grp
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from msgspec import Struct

from ...contract.atomic_file import replacing
from ...contract.errors import StoreFault
from ...contract.rights import unmakeable
from .load import read_settings

_GATE = "edge-agent"
"""The name of the settings, and of the unit, of a machine's only gate."""

_GROUP = "edge-agent"
_MODE = 0o640


class Answers(Struct, frozen=True, kw_only=True):
    """What the site knows; an empty text leaves the default."""

    gate_id: str
    port: str
    baud: int
    pins: str
    broker: str
    username: str


Stated = dict[str, dict[str, Any]]
"""The values that differ from their defaults, by section and key."""


def answered(answers: Answers, name: str = _GATE) -> Stated:
    """What they mean for the settings.

    ``name``: that of a gate beside another one on the same machine, whose unit is edge-agent@NAME.
    """
    sections: Stated = {
        "gate": {"id": answers.gate_id},
        "sensor": {"port": answers.port, "baud": answers.baud},
        "panel": {"pins": answers.pins},
        "mqtt": {"host": answers.broker, "username": answers.username},
    }
    if name != _GATE:
        sections["store"] = {"path": f"/var/lib/edge-agent-{name}/gate.db"}
        sections["control"] = {"socket": f"/run/edge-agent-{name}/control.sock"}
    return {
        section: {key: value for key, value in values.items() if value}
        for section, values in sections.items()
    }


def settings_text(stated: Stated, note: str) -> str:
    """The file, for its reader as much as for the gate; it begins with the note."""
    blocks = ["".join(f"# {line}\n" for line in note.splitlines())]
    for section, values in stated.items():
        # What JSON writes of texts, numbers and lists of them is TOML as well.
        lines = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
        ]
        blocks.append("\n".join((f"[{section}]", *lines)) + "\n")
    return "\n".join(blocks)


def write_settings(path: Path, stated: Stated, note: str) -> Path | None:
    """Write them, whole or not at all, for root and the daemon's group where there is one.

    What stood there is kept beside it; its name, or None. Raises BadSettings where a gate could not
    start with them, and StoreFault; the file is then as it was.
    """
    content = settings_text(stated, note).encode()
    read_settings(content, path)
    kept = path.with_name(f"{path.name}.before") if path.exists() else None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, _MODE) as file:
            file.write(content)
            _give_to_daemon(file)
            if kept is not None:
                kept.unlink(missing_ok=True)
                os.link(path, kept)
    except OSError as error:
        raise StoreFault("file.unwritable", path=path, why=unmakeable(path, error)) from error
    return kept


def _give_to_daemon(file: IO[bytes]) -> None:
    if os.geteuid() == 0:
        with suppress(KeyError):  # No such group: nothing is installed here.
            os.fchown(file.fileno(), 0, grp.getgrnam(_GROUP).gr_gid)
