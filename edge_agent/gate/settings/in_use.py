"""The settings that a daemon runs with, and whether their file has changed since it was read."""

from pathlib import Path
from typing import Any

from ..errors import BadSettings
from .load import changed_settings, load_settings
from .schema import Settings

_OTHERS = ("[display] ", "[panel] voice")
"""Keys of the screen's process: no restart of the daemon makes them count."""


class SettingsInUse:
    """Read once, at the start: what is changed later counts after a restart, and is told."""

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
