"""The password of a sensor that has one: read from where nobody else may, and never written.

It never stands in the settings file, which is copied, shown and mailed.
"""

import json
import os
import stat
from pathlib import Path

from ...contract.language import because
from ...contract.rights import exposed_secret, unreadable_secret
from ...contract.secret_file import one_line
from ..errors import SensorFault

CREDENTIAL = "sensor-password"
"""Its name in systemd's LoadCredential= (systemd.exec(5))."""

_HIGHEST = 0xFFFFFFFF
_LONGEST_FILE = 1024


def sensor_passwords(password_file: str, database: Path) -> tuple[int, ...]:
    """What the sensor may have, the likeliest first; empty where nothing is known of one.

    ``password_file`` is the setting, "" where it is not set. Then comes a systemd credential, and
    then the file beside the database in which earlier versions kept a password that they had set
    themselves; a power cut in the middle of that left the old and the new one in it.

    Raises SensorFault where there is such a file and it may not, or cannot, be used.
    """
    if password_file:
        return (_number_in(Path(password_file), only_ours=True),)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (path := Path(folder, CREDENTIAL)).exists():
        # systemd guards the folder by an access list, which shows as rights of the group.
        return (_number_in(path, only_ours=False),)
    return _kept_beside(database)


def _number_in(path: Path, *, only_ours: bool) -> int:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            mode = stat.S_IMODE(found.st_mode)
            if only_ours and mode & 0o077:
                mend = exposed_secret(path, found)
                raise SensorFault("host.exposed", path=path, mode=f"{mode:04o}", mend=mend)
            content = file.read(_LONGEST_FILE)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        # Blanks around a number say nothing.
        number = int(one_line(content).decode("utf-8", "replace").strip(), 0)
    except ValueError:
        number = -1
    if not 0 <= number <= _HIGHEST:
        # What stands there is not shown: it may be the password all the same.
        raise SensorFault("host.no-password", path=path)
    return number


def _kept_beside(database: Path) -> tuple[int, ...]:
    path = database.with_name(f"{database.name}.sensor-password")
    try:
        passwords = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, RecursionError):
        passwords = None
    if not isinstance(passwords, list) or not all(map(_is_password, passwords)):
        raise SensorFault("host.damaged-password", path=path)
    return tuple(passwords)


def _unreadable(path: Path, error: OSError) -> SensorFault:
    if isinstance(error, PermissionError):
        why = unreadable_secret(path, error)
        return SensorFault("host.unreadable-password", path=path, why=why)
    return SensorFault("host.missing-password", path=path, why=because(error))


def _is_password(value: object) -> bool:
    return type(value) is int and 0 <= value <= _HIGHEST
