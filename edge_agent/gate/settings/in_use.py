"""The settings that a daemon runs with, and whether their file has changed since it was read."""

from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from ..errors import BadSettings
from .load import changed_settings, load_settings
from .schema import Settings

_OTHERS = ("[display] ", "[panel] voice")
"""Keys of the screen's process: no restart of the daemon makes them count."""


RELOADED = frozenset(
    {
        *("[punch] repeat_window_s", "[punch] without_key", "[punch] in_hours"),
        *("[punch] out_hours", "[privacy] consent"),
        *("[roles] technician", "[roles] supervisor", "[roles] auditor"),
    }
)
"""What a running daemon takes anew when it is told to: rules of its own mind. All else is opened or
connected once, at the start."""


class Reloaded(NamedTuple):
    """``settings`` in use from now on; the keys that were ``taken``, and those ``left`` for a
    restart."""

    settings: Settings
    taken: list[str]
    left: list[str]


class SettingsInUse:
    """Read at the start: what is changed later counts after a reload or a restart, and is told."""

    def __init__(self, settings: Settings, file: Path) -> None:
        self._settings = settings
        self._file = file.absolute()
        self._seen: tuple[int, ...] | None = None
        self._told: dict[str, Any] = {}

    def told(self) -> dict[str, Any]:
        """``file``; the keys that have ``changed``; why the next start would fail, or None."""
        seen = self._look()
        if seen is None or seen != self._seen:
            self._seen, self._told = seen, self._compared()
        return self._told

    def reload(self) -> Reloaded:
        """Take from the file what can be taken. Raises BadSettings, and takes nothing."""
        now = load_settings(self._file)
        changed = [
            key for key in changed_settings(self._settings, now) if not key.startswith(_OTHERS)
        ]
        taken = [key for key in changed if key in RELOADED]
        for key in taken:
            section, name = key[1:].split("] ")
            theirs = getattr(getattr(now, section), name)
            ours = structs.replace(getattr(self._settings, section), **{name: theirs})
            self._settings = structs.replace(self._settings, **{section: ours})
        self._seen = None
        return Reloaded(self._settings, taken, [key for key in changed if key not in RELOADED])

    def _look(self) -> tuple[int, ...] | None:
        """What tells that a file is as it was, without reading it."""
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _compared(self) -> dict[str, Any]:
        changed: list[str] = []
        problem = None
        try:
            changed = changed_settings(self._settings, load_settings(self._file))
            changed = [key for key in changed if not key.startswith(_OTHERS)]
        except BadSettings as bad:
            problem = bad.problems[0]
        return {"file": str(self._file), "changed": changed, "problem": problem}
