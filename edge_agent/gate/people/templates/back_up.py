"""Seal the sensor's templates, a few between two looks at the glass, so that nobody has to wait.

A template is read, compared with its digest and sealed in one go: outside this process it is only
ever seen sealed to keys whose other half is not on this machine.
"""

import logging
import secrets
from base64 import b64encode
from typing import Any

from msgspec import Struct

from ....contract.errors import BadRequest
from ....contract.facts import TemplatesSealed
from ....contract.people import Print
from ....contract.stamps import utc_time
from ...ledger.gate import Gate
from ...ports import Sealing, SensorInfo
from ...sensor.pairing import Pairing, digest, persistently
from ..enroll import Prompt
from ..requests import BeginBackup, KeepBackup, SealPrints
from .backup_file import FORMAT, VERSION, Header, Record, line_hash

log = logging.getLogger(__name__)

_AT_ONCE = 4
"""Templates between two looks at the glass: a third of a second."""

_MOST_RECIPIENTS = 16


class _Job(Struct):
    header: Header
    prints: list[Print]
    sealed: set[Print]


class BackUp:
    """One backup at a time; it lives as long as this process."""

    def __init__(self, gate: Gate, pairing: Pairing, sealing: Sealing) -> None:
        self._gate = gate
        self._pairing = pairing
        self._sealing = sealing
        self._job: _Job | None = None

    def begin(self, request: BeginBackup, info: SensorInfo, actor: str) -> dict[str, Any]:
        """Say in the ledger to whom the templates go, before the first one does."""
        recipients = list(dict.fromkeys(request.recipients))
        if len(recipients) > _MOST_RECIPIENTS:
            raise BadRequest(f"A backup has at most {_MOST_RECIPIENTS} recipients.")
        self._sealing.seal(b"", recipients)  # Refuses what is no public key.
        prints = sorted(self._gate.prints, key=lambda print_: print_.slot)
        if not prints:
            raise BadRequest("No prints are enrolled: there is nothing to back up.")
        header = Header(
            format=FORMAT,
            version=VERSION,
            backup=secrets.token_hex(16),
            gate=self._gate.store.gate,
            system_id=info.system_id,
            prints=len(prints),
            recipients=recipients,
            at=self._now(),
        )
        fact = TemplatesSealed(
            backup=header.backup, prints=len(prints), recipients=recipients, actor=actor
        )
        self._gate.record(fact)
        self._job = _Job(header, prints, set())
        return {"backup": header.backup, "header": header.line().decode(), "prints": len(prints)}

    def seal(self, request: SealPrints, prompt: Prompt) -> dict[str, Any]:
        """The next records, and which of them have no template, and why."""
        job = self._known(request.backup)
        if not 1 <= request.first <= len(job.prints):
            raise BadRequest(f"Backup {request.backup} has no place {request.first}.")
        sealed, missing = [], []
        end = min(request.first + _AT_ONCE, len(job.prints) + 1)
        for place in range(request.first, end):
            prompt.go_on()
            print_ = job.prints[place - 1]
            record, why = self._read(job, place, print_)
            if why is None:
                job.sealed.add(print_)
            else:
                missing.append({"worker": print_.worker, "finger": print_.finger, "why": why})
            data = record.line()
            sealed.append(b64encode(self._sealing.seal(data, job.header.recipients)).decode())
        return {"sealed": sealed, "missing": missing}

    def keep(self, request: KeepBackup) -> dict[str, Any]:
        """The file is on its medium: its prints need no warning any more."""
        job = self._known(request.backup)
        kept = [print_ for print_ in job.sealed if print_ in self._gate.prints]
        self._gate.note_backed_up(kept)
        self._job = None
        return {"backup": request.backup, "prints": len(kept)}

    def _known(self, backup: str) -> _Job:
        if self._job is None or self._job.header.backup != backup:
            raise BadRequest(
                f"Backup {backup} is not under way: another one was begun, or the daemon has "
                "restarted. Begin anew."
            )
        return self._job

    def _read(self, job: _Job, place: int, print_: Print) -> tuple[Record, str | None]:
        known = self._gate.store.digests().get((print_.slot, print_.generation))
        worker = self._gate.store.worker(print_.worker)
        template, why = None, None
        if known is None or worker is None or print_ not in self._gate.prints:
            why = "it was removed meanwhile"
        else:
            template = persistently(self._pairing, lambda: self._template(print_.slot, known))
            why = None if template else "its slot holds another template, or none: enrol it again"
        record = Record(
            header=line_hash(job.header.line()),
            place=place,
            worker=print_.worker,
            name=worker.name if worker else print_.worker,
            finger=print_.finger,
            digest=known or bytes(32),
            template=template,
        )
        return record, why

    def _template(self, slot: int, known: bytes) -> bytes | None:
        """What is in a slot, if it is what was enrolled there. A second look, before it is not."""
        for _ in range(2):
            template = self._pairing.template_in(slot)
            if template is not None and digest(template) == known:
                return template
        log.warning("slot %d does not hold the template that was enrolled there", slot)
        return None

    def _now(self) -> str | None:
        stamp = self._gate.clock.stamp()
        return utc_time(stamp.wall_ms) if stamp.trusted else None
