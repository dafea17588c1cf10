"""Restore a backup's templates, a batch at a time.

What is there already is skipped, so that doing it again goes on where it ended.
"""

from typing import Any

from ....domain.backups import Record, read_record
from ....domain.errors import BadRequest
from ....domain.requests import BeginRestore, RestorePrints
from ....ports import Sealing, Sensor, SensorInfo
from ...gate import Gate
from ...sensor.pairing import Pairing
from ..enroll import Dialogue
from .sort_records import Batch, Outcome
from .strangers import Strangers
from .write_batch import WriteBatch

_MOST_AT_ONCE = 16
_AT_ONCE = 8
"""Records in one request, some 2 s in which nobody can press; one where each is compared."""


class Restore:
    """Works on a sensor that is in use, that is, paired and without a doubt."""

    def __init__(self, gate: Gate, sensor: Sensor, pairing: Pairing, sealing: Sealing) -> None:
        self._gate = gate
        self._sensor = sensor
        self._sealing = sealing
        self._strangers = Strangers(gate, sensor, pairing)
        self._batches = WriteBatch(gate, sensor, pairing, self._strangers)

    def begin(self, request: BeginRestore, info: SensorInfo, dialogue: Dialogue) -> dict[str, Any]:
        """Refuse another kind of sensor's templates before one is sent, and look what is there."""
        if request.system_id != info.system_id and not request.any_model:
            raise BadRequest(
                f"The backup was made with a sensor of system id 0x{request.system_id:04X}, and "
                f"this one has 0x{info.system_id:04X}: another model's templates are never "
                "recognised, so enrol anew. If you know that both are of one model: --any-model."
            )
        self._strangers.look(set(request.digests), dialogue)
        return {
            "gate": self._gate.store.gate,
            "capacity": info.capacity,
            "at_once": 1 if self._strangers.to_compare else _AT_ONCE,
        }

    def put(
        self,
        request: RestorePrints,
        identity: str,
        info: SensorInfo,
        dialogue: Dialogue,
        actor: str,
    ) -> list[Outcome]:
        """Store the records that belong here; the others are told with their reason.

        Raises BadRequest, with nothing written, where a record is not what it should be.
        """
        records = self._opened(request, identity)
        taken = self._sensor.slots()
        batch = Batch()
        outcomes = [batch.sort(record, self._gate, taken) for record in records]
        if not batch.records:
            return [outcome for outcome in outcomes if outcome]
        written = iter(self._batches.write(batch, request, taken, info.capacity, dialogue, actor))
        return [outcome or next(written) for outcome in outcomes]

    def _opened(self, request: RestorePrints, identity: str) -> list[Record]:
        if not 0 < len(request.sealed) <= _MOST_AT_ONCE:
            raise BadRequest(f"1 to {_MOST_AT_ONCE} prints can be restored at once.")
        records = []
        for sealed in request.sealed:
            opened = self._sealing.open(sealed, [identity])
            record = read_record(None, opened)
            known = self._gate.store.finger_of(record.digest)
            if known not in (None, (record.worker, record.finger)):
                raise BadRequest(
                    f"Record {record.place} says that it is the {record.finger} of "
                    f"{record.worker}, but its template was enrolled at this gate as the "
                    f"{known[1]} of {known[0]}: the backup was altered. Nothing of this batch was "
                    "written."
                )
            records.append(record)
        if len({(record.worker, record.finger) for record in records}) < len(records):
            raise BadRequest("A finger is in one batch twice: nothing of it was written.")
        return records
