"""Give the sensor a password, take it away, or recall one that this gate has lost.

A sensor whose password is lost cannot be used any more. So one is set only after its sealed copy
was read back with the key that will open it, and only where a backup holds every print.
"""

import secrets
from base64 import b64encode
from typing import Any

import msgspec

from ....contract.errors import BadRequest
from ...errors import SensorFault
from ...ledger.gate import Gate
from ...ports import Passwords, Sealing, Sensor
from ..requests import ProposePassword, RecallPassword, SetPassword
from .backup_file import SensorPassword, read_password

_HIGHEST = 0xFFFFFFFF
_MOST_LISTED = 5


class ModulePassword:
    """Knows the sensor's passwords; a proposal lives as long as this process."""

    def __init__(self, gate: Gate, sensor: Sensor, sealing: Sealing, passwords: Passwords) -> None:
        self._gate = gate
        self._sensor = sensor
        self._sealing = sealing
        self._passwords = passwords
        self._proposed: int | None = None

    def propose(self, request: ProposePassword) -> dict[str, Any]:
        """A password, sealed; nothing is changed yet."""
        held, digests = set(request.digests), self._gate.store.digests()
        missing = [
            f"{print_.finger} of {print_.worker}"
            for print_ in self._gate.prints
            if digests.get((print_.slot, print_.generation)) not in held
        ]
        if missing:
            shown = ", ".join(missing[:_MOST_LISTED]) + (", …" if missing[_MOST_LISTED:] else "")
            raise BadRequest(
                f"The backup lacks {len(missing)} of the enrolled prints ({shown}): make a new one "
                "with 'templates backup' first. Nothing was changed."
            )
        password = 1 + secrets.randbelow(_HIGHEST)
        proposal = SensorPassword(password=password, gate=self._gate.store.gate)
        sealed = self._sealing.seal(msgspec.json.encode(proposal), request.recipients)
        self._proposed = password
        return {"sealed": b64encode(sealed).decode()}

    def set(self, request: SetPassword, identity: str) -> dict[str, Any]:
        """Whoever asks has opened the sealed copy: it can be had back."""
        opened = read_password(self._sealing.open(request.sealed, [identity]))
        if self._proposed is None or opened.password != self._proposed:
            raise BadRequest(
                "This is not the password that was proposed last: begin anew. Nothing was changed."
            )
        before = self._passwords.known()[:1]
        # Whichever of them the sensor has after a power cut, it will be tried.
        self._passwords.keep(opened.password, *before)
        self._sensor.try_passwords(opened.password, *before)
        self._sensor.set_password(opened.password)
        self._passwords.keep(opened.password)
        self._proposed = None
        return {"password": True}

    def clear(self) -> dict[str, Any]:
        """From now on the sensor wants none."""
        self._sensor.set_password(0)
        self._passwords.keep()
        return {"password": False}

    def recall(self, request: RecallPassword, identity: str) -> dict[str, Any]:
        """Keep a password, if it is the one that the sensor has."""
        opened = read_password(self._sealing.open(request.sealed, [identity]))
        before = self._passwords.known()
        self._sensor.try_passwords(opened.password)
        try:
            self._sensor.connect()
            if not self._sensor.has_password():
                raise BadRequest("The sensor has no password: there is none to recall.")
        except (SensorFault, BadRequest):
            self._sensor.try_passwords(*before)
            raise
        self._passwords.keep(opened.password)
        return {"password": True}
