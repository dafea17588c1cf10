"""The person at the sensor: told what to do next, and captured while they do it."""

from typing import Protocol

from ...contract.errors import BadRequest
from ..ledger.recorder import Recorder
from ..ports import Buffer, Panel, Sensor
from .answers import StepKind

_FINGER_WITHIN_S = 30.0
"""How long the person at the sensor may take for each step."""

TRIES = 3
"""Pairs of captures, or proofs, that may fail before an enrolment is given up."""

CAPTURES = 5
"""Captures for one step that may be too poor: worn and dry fingers take more than one."""


class Prompt(Protocol):
    """The person who follows the steps."""

    def step(
        self,
        what: StepKind,
        hint: str | None = None,
        score: int | None = None,
        worker: str | None = None,
    ) -> None:
        """Tell the person what to do. Raises BadRequest where nobody is there any more."""

    def beat(self) -> None:
        """Called between looks at the glass. Raises BadRequest where nobody is there any more."""

    def go_on(self) -> None:
        """Called between templates: the same, without a pause."""


class GuidedCapture:
    """Captures that a person at the sensor is guided through."""

    def __init__(self, gate: Recorder, sensor: Sensor, panel: Panel, prompt: Prompt) -> None:
        self._gate = gate
        self._sensor = sensor
        self._panel = panel
        self._prompt = prompt

    def features(
        self, what: StepKind, buffer: Buffer = Buffer.ONE, score: int | None = None
    ) -> None:
        """Ask for a finger and bring its features into ``buffer``; ``score`` goes with the step.

        Raises BadRequest where none comes, or where the scans stay too poor.
        """
        self._await(present=False, say=StepKind.LIFT)
        self._prompt.step(what, None, score)
        hint = None
        for _ in range(CAPTURES):
            self._await(present=True)
            self._panel.touched()
            try:
                hint = self._sensor.extract(buffer)
            finally:
                self._panel.dark()
            if hint is None:
                return
            self._prompt.step(StepKind.TRY_AGAIN, hint)
            self._await(present=False)
        raise BadRequest("people.too-poor", hint=hint)

    def picture(self) -> None:
        """Ask for a finger and leave its image in the sensor, however poor.

        Raises BadRequest where none comes.
        """
        self._await(present=False, say=StepKind.LIFT)
        self._prompt.step(StepKind.PRESS)
        self._await(present=True)

    def _await(self, *, present: bool, say: StepKind | None = None) -> None:
        """Wait until there is a finger on the glass, or none."""
        deadline = self._gate.clock.monotonic() + _FINGER_WITHIN_S
        said = say is None
        while self._sensor.capture() is not present:
            if not said and say is not None:
                self._prompt.step(say)
                said = True
            self._prompt.beat()
            if self._gate.clock.monotonic() > deadline:
                missing = "people.no-finger-came" if present else "people.not-lifted"
                raise BadRequest(missing, seconds=round(_FINGER_WITHIN_S))
