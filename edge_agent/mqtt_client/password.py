"""The password: from a file that nobody else may read, or from a systemd credential."""

import os
import stat
from pathlib import Path

from ..domain.broker_access import BrokerAccess
from ..domain.errors import BrokerFault

CREDENTIAL = "mqtt-password"
"""Its name in systemd's LoadCredential= (systemd.exec(5))."""

_LONGEST = 65535
"""MQTT 5, 3.1.3.6: the length is a two-byte integer."""


def password(access: BrokerAccess) -> bytes | None:
    """Return the password; None where there is none. Raises BrokerFault where it may not be used.

    Read at each connection, so that a changed one needs no restart.
    """
    if access.password_file:
        return _read(Path(access.password_file), access, only_ours=True)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if access.username and folder and (path := Path(folder, CREDENTIAL)).exists():
        # systemd guards the folder by an access list, which shows as rights of the group.
        return _read(path, access, only_ours=False)
    return None


def _read(path: Path, access: BrokerAccess, *, only_ours: bool) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if only_ours and mode & 0o077:
                raise BrokerFault(
                    f"The password is not used, for others may read {path} (mode {mode:04o}): "
                    f"chmod 600 {path}, and have the password changed."
                )
            content = file.read(_LONGEST + 3)
    except OSError as error:
        raise BrokerFault(
            f"The password file {path} cannot be read ({error.strerror}): correct "
            f"{access.setting('password_file')}, or make the file readable for this user alone."
        ) from error
    secret = content.removesuffix(b"\n").removesuffix(b"\r")
    if not 0 < len(secret) <= _LONGEST:
        raise BrokerFault(
            f"The password file {path} holds {'no' if not secret else 'too long a'} password: "
            "write it in one line."
        )
    return secret
