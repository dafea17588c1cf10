"""Enrol a finger, guided by the sensor: press, lift, press again, lift, and once more to prove.

Where in the sensor's library a new template may go.
"""

import logging
from collections.abc import Iterable
from typing import Protocol

from ...contract.errors import BadRequest
from ...contract.facts import PrintEnrolled
from ...contract.people import Print
from ..ledger.gate import Gate
from ..ports import Buffer, Panel, Sensor
from ..rules import Match, recognised
from ..sensor.pairing import Pairing, digest
from .requests import What


def free_slots(taken: Iterable[int], owned: Iterable[int], capacity: int, count: int) -> list[int]:
    """Empty slots; failing these, ones whose template belongs to nobody.

    Raises BadRequest where there are not ``count`` of them.
    """
    owned = set(owned)
    used = owned.union(taken)
    empty = [slot for slot in range(capacity) if slot not in used]
    unowned = [slot for slot in range(capacity) if slot in used - owned]
    if len(free := empty + unowned) < count:
        raise BadRequest(
            f"The sensor is full ({capacity} prints): remove prints of workers who have left with "
            "'prints remove', or use a sensor with a larger library."
        )
    return free[:count]


log = logging.getLogger(__name__)

_FINGER_WITHIN_S = 30.0
"""How long the person at the sensor may take for each step."""

_TRIES = 3


class Prompt(Protocol):
    """The person who follows the steps."""

    def step(self, what: What, hint: str | None = None) -> None:
        """Tell the person what to do. Raises BadRequest where nobody is there any more."""

    def beat(self) -> None:
        """Called between looks at the glass. Raises BadRequest where nobody is there any more."""

    def go_on(self) -> None:
        """Called between templates: the same, without a pause."""


class FingerWork:
    """Captures that a person at the sensor is guided through."""

    def __init__(self, gate: Gate, sensor: Sensor, panel: Panel, prompt: Prompt) -> None:
        self._gate = gate
        self._sensor = sensor
        self._panel = panel
        self._dialogue = prompt

    def features(self, what: What, buffer: Buffer = Buffer.ONE) -> None:
        """Ask for a finger and bring its features into ``buffer``.

        Raises BadRequest where none comes, or where the scans stay too poor.
        """
        self._await(present=False, say=What.LIFT)
        self._dialogue.step(what)
        hint = None
        for _ in range(_TRIES):
            self._await(present=True)
            self._panel.touched()
            try:
                hint = self._sensor.extract(buffer)
            finally:
                self._panel.dark()
            if hint is None:
                return
            self._dialogue.step(What.TRY_AGAIN, hint)
            self._await(present=False)
        raise BadRequest(f"The scans stay too poor ({hint}): try another finger.")

    def picture(self) -> None:
        """Ask for a finger and leave its image in the sensor, however poor.

        Raises BadRequest where none comes.
        """
        self._await(present=False, say=What.LIFT)
        self._dialogue.step(What.PRESS)
        self._await(present=True)

    def _await(self, *, present: bool, say: What | None = None) -> None:
        """Wait until there is a finger on the glass, or none."""
        deadline = self._gate.clock.monotonic() + _FINGER_WITHIN_S
        said = say is None
        while self._sensor.capture() is not present:
            if not said and say is not None:
                self._dialogue.step(say)
                said = True
            self._dialogue.beat()
            if self._gate.clock.monotonic() > deadline:
                missing = "No finger came" if present else "The finger was not lifted"
                raise BadRequest(f"{missing} within {_FINGER_WITHIN_S:.0f} s: start again.")


def enroll(
    gate: Gate,
    sensor: Sensor,
    panel: Panel,
    prompt: Prompt,
    pairing: Pairing,
    *,
    code: str,
    finger: str,
    capacity: int,
    actor: str,
) -> Print:
    """Store a finger of a worker in the sensor, prove it, and record whose it is.

    Raises BadRequest where it cannot be done as asked: nothing is left in the sensor then, nor
    after a SensorFault as far as the sensor still answers.
    """
    _check(gate, code, finger)
    taken = sensor.slots()
    [slot] = free_slots(taken, (held.slot for held in gate.prints), capacity, 1)
    work = FingerWork(gate, sensor, panel, prompt)
    _capture_template(gate, sensor, work, prompt)
    print_ = Print(
        worker=code, finger=finger, slot=slot, generation=gate.store.next_generation(slot)
    )
    gate.announce(slot)
    try:
        if slot in taken:
            sensor.erase(slot)
        sensor.store(slot)
        pairing.write_mark()
        _prove(gate, sensor, work, slot)
        fact = PrintEnrolled(
            worker=code, finger=finger, slot=slot, generation=print_.generation, actor=actor
        )
        gate.record_enrolment(fact, print_, digest(sensor.read_template(slot)))
    except BaseException:
        pairing.try_to_undo([slot])
        raise
    return print_


def _check(gate: Gate, code: str, finger: str) -> None:
    worker = gate.store.worker(code)
    if worker is None:
        raise BadRequest(f"There is no worker {code}: add them first with 'workers add'.")
    if not worker.active:
        raise BadRequest(f"Worker {code} is deactivated: bring them back with 'workers add'.")
    if worker.deactivated:
        raise BadRequest(f"Payroll's roster has deactivated {code}: ask payroll.")
    if any(p.worker == code and p.finger == finger for p in gate.prints):
        raise BadRequest(
            f"The {finger} of {code} is enrolled already: to replace it, first "
            f"'prints remove {code} --finger {finger}'."
        )


def _capture_template(gate: Gate, sensor: Sensor, work: FingerWork, prompt: Prompt) -> None:
    """Two captures of one finger that nobody else has, merged in the sensor's buffers."""
    for _ in range(_TRIES):
        work.features(What.PRESS)
        _refuse_known(gate, sensor)
        work.features(What.PRESS_AGAIN, Buffer.TWO)
        if sensor.merge():
            return
        prompt.step(What.DIFFERENT)
    raise BadRequest("The two presses stay different: press the same finger, flat and still.")


def _refuse_known(gate: Gate, sensor: Sensor) -> None:
    match = sensor.search()
    while match is not None:
        owner, _ = gate.owner_of(match.slot)
        if owner is not None:
            raise BadRequest(
                f"This finger is enrolled already, as {owner.finger} of {owner.worker}: "
                "nothing was stored."
            )
        # A template that nobody has would go on winning searches against the one enrolled now.
        log.warning("slot %d holds this finger but belongs to nobody: erased", match.slot)
        sensor.erase(match.slot)
        match = sensor.search()


def _prove(gate: Gate, sensor: Sensor, work: FingerWork, slot: int) -> None:
    for _ in range(_TRIES):
        work.features(What.PROVE)
        found = recognised(sensor.search(), gate.policy)
        if isinstance(found, Match) and found.slot == slot:
            return
    raise BadRequest("The finger is not recognised after storing it: start again, or use another.")
