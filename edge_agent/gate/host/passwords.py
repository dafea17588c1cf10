"""The sensor's password: a file beside the database that only its owner reads."""

import json
import os
from pathlib import Path

from ...contract.errors import StoreFault
from .lock import give_to_folder_owner

_HIGHEST = 0xFFFFFFFF
_OPEN = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class PasswordFile:
    """Fulfils ``gate.ports.Passwords``. Never part of the settings file, which is
    copied, shown and mailed."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}.sensor-password")

    def known(self) -> tuple[int, ...]:
        """The likeliest first. Raises StoreFault where the file is there and cannot be read."""
        try:
            passwords = json.loads(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return ()
        except PermissionError as error:
            raise self._fault(
                "cannot be read by this user: run the command as the daemon's user, sudo -u "
                "edge-agent edge-agent …"
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            raise self._fault(_USELESS) from error
        if not isinstance(passwords, list) or not all(map(_is_password, passwords)):
            raise self._fault(_USELESS)
        return tuple(passwords)

    def keep(self, *passwords: int) -> None:
        """Keep these, durably; none at all removes the file."""
        try:
            if passwords:
                self._write(json.dumps(passwords))
            else:
                self._path.unlink(missing_ok=True)
            _sync(self._path.parent)
        except OSError as error:
            raise self._fault(f"cannot be written ({error.strerror})") from error

    def _write(self, text: str) -> None:
        new = self._path.with_name(f"{self._path.name}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, _OPEN, 0o600), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        give_to_folder_owner(new)
        new.rename(self._path)

    def _fault(self, what: str) -> StoreFault:
        return StoreFault(f"The file of the sensor's password, {self._path}, {what}.")


_USELESS = (
    "is damaged: remove it, then tell the gate the password again with 'edge-agent sensor "
    "password recall'"
)


def _is_password(value: object) -> bool:
    return type(value) is int and 0 <= value <= _HIGHEST


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
