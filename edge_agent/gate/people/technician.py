"""What a technician asks of the gate, each request carried out in one place."""

from collections.abc import Callable
from typing import Any

from msgspec import structs, to_builtins

from ...contract.errors import BadRequest
from ...contract.facts import WorkerAdded, WorkerChanged
from ...contract.people import Worker, checked_code, checked_finger, checked_name
from ..errors import SensorFault, SensorSilent
from ..ledger.gate import Gate
from ..ports import Panel, Sensor, SensorInfo
from ..sensor.pairing import Pairing
from .enroll import FingerWork, Prompt, enroll
from .requests import (
    AddPunch,
    AddWorker,
    AdoptSensor,
    AskSensor,
    Change,
    DeactivateWorker,
    Enroll,
    Identify,
    RemovePrint,
    SensorWork,
    VoidPunch,
    What,
)
from .supervise import add_punch, void_punch


class Technician:
    """Carries out requests on a gate; ``info`` is asked for the sensor as it is now."""

    def __init__(
        self,
        gate: Gate,
        sensor: Sensor,
        panel: Panel,
        pairing: Pairing,
        info: Callable[[], SensorInfo | None],
    ) -> None:
        self._gate = gate
        self._sensor = sensor
        self._panel = panel
        self._pairing = pairing
        self._info = info

    def perform(self, request: Change | SensorWork, prompt: Prompt, actor: str) -> dict[str, Any]:
        """Carry out one request and return what ``--json`` prints.

        Raises an EdgeAgentError where it cannot be done; nothing is left half done.
        """
        match request:
            case AddWorker():
                return self._add_worker(request, actor)
            case DeactivateWorker():
                return self._deactivate_worker(request, actor)
            case VoidPunch():
                return void_punch(self._gate, request, actor)
            case AddPunch():
                return add_punch(self._gate, request, actor)
            case Enroll():
                return self._enroll(request, prompt, actor)
            case RemovePrint():
                return self._remove_print(request, actor)
            case Identify():
                return self._identify(prompt)
            case AskSensor():
                return self._ask_sensor()
            case AdoptSensor():
                return self._adopt_sensor(actor)

    def _add_worker(self, request: AddWorker, actor: str) -> dict[str, Any]:
        code = checked_code(request.code)
        worker = Worker(code=code, name=checked_name(request.name))
        known = self._gate.store.worker(code)
        if known is not None and known.listed is not None:
            worker = _as_listed(known, worker)
        if known is not None and known.active:
            raise BadRequest(f"Worker {code} exists already: nothing was changed.")
        if known is not None and known.name != worker.name and self._has_prints(code):
            raise BadRequest(
                f"{code} was {known.name}, whose prints are still enrolled and would be credited "
                f"to {worker.name}: remove them first, or give the same name."
            )
        fact = (
            WorkerAdded(worker=code, actor=actor)
            if known is None
            else WorkerChanged(worker=code, active=True, actor=actor)
        )
        self._gate.record_worker(fact, worker)
        return to_builtins(worker)  # type: ignore[no-any-return]

    def _has_prints(self, code: str) -> bool:
        return any(print_.worker == code for print_ in self._gate.prints)

    def _deactivate_worker(self, request: DeactivateWorker, actor: str) -> dict[str, Any]:
        code = checked_code(request.code)
        known = self._gate.store.worker(code)
        if known is None:
            raise BadRequest(f"There is no worker {code}.")
        if not known.active:
            raise BadRequest(f"Worker {code} is deactivated already.")
        worker = structs.replace(known, active=False)
        self._gate.record_worker(WorkerChanged(worker=code, active=False, actor=actor), worker)
        return to_builtins(worker)  # type: ignore[no-any-return]

    def _enroll(self, request: Enroll, prompt: Prompt, actor: str) -> dict[str, Any]:
        print_ = enroll(
            self._gate,
            self._sensor,
            self._panel,
            prompt,
            self._pairing,
            code=checked_code(request.code),
            finger=checked_finger(request.finger),
            capacity=self._ready().capacity,
            actor=actor,
        )
        return to_builtins(print_)  # type: ignore[no-any-return]

    def _remove_print(self, request: RemovePrint, actor: str) -> dict[str, Any]:
        code, finger = checked_code(request.code), checked_finger(request.finger)
        found = [p for p in self._gate.prints if p.worker == code and p.finger == finger]
        if not found:
            raise BadRequest(f"No {finger} of {code} is enrolled.")
        self._ready()
        print_ = found[0]
        # Forgotten first: should the power fail in between, the template left in the sensor
        # belongs to nobody, is never credited, and is erased at the next start.
        self._gate.record_removal(print_, actor, erasing=True)
        try:
            self._pairing.undo([print_.slot])
        except SensorFault as fault:
            raise SensorFault(
                f"The {finger} of {code} is removed and will be refused, but its template could "
                f"not be erased yet from slot {print_.slot}, which belongs to nobody now: {fault}"
            ) from fault
        return to_builtins(print_)  # type: ignore[no-any-return]

    def _identify(self, prompt: Prompt) -> dict[str, Any]:
        self._ready()
        FingerWork(self._gate, self._sensor, self._panel, prompt).features(What.PRESS)
        match = self._sensor.search()
        if match is None:
            return {"known": False}
        owner, worker = self._gate.owner_of(match.slot)
        return {
            "known": owner is not None,
            "worker": worker.code if worker else None,
            "active": not worker.deactivated if worker else None,
            "finger": owner.finger if owner else None,
            "slot": match.slot,
            "score": match.score,
        }

    def _ask_sensor(self) -> dict[str, Any]:
        info = self._info() or self._sensor.connect()
        doubt = self._pairing.check()
        told: dict[str, Any] = to_builtins(info)
        used = len(self._sensor.slots())
        return {**told, "used": used, "paired": doubt is None, "doubt": doubt}

    def _adopt_sensor(self, actor: str) -> dict[str, Any]:
        if self._info() is None:
            self._sensor.connect()
        return {"forgotten": to_builtins(self._pairing.adopt(actor))}

    def _ready(self) -> SensorInfo:
        info = self._info()
        if info is None:
            raise SensorSilent("The sensor is not in use now: see 'edge-agent status' for why.")
        return info


def _as_listed(known: Worker, wanted: Worker) -> Worker:
    """A worker of payroll's roster, brought back at this gate: the rest is payroll's to say."""
    if known.deactivated and known.active:
        raise BadRequest(
            f"Payroll's roster has deactivated {known.code}: only a newer roster brings them back."
        )
    if known.name != wanted.name:
        raise BadRequest(
            f"{known.code} is {known.name} in payroll's roster: give the same name, or ask payroll "
            "for a roster that is right."
        )
    return structs.replace(wanted, listed=known.listed)
