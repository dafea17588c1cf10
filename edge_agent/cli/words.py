"""What people at the terminal read: whole sentences, in one place."""

import click

from ..gate.people.requests import Step, StepKind
from ..gate.rules import Hint
from .tell import tell

STEPS = {
    StepKind.PRESS: "Press the finger on the glass.",
    StepKind.LIFT: "Lift the finger.",
    StepKind.PRESS_AGAIN: "Press the same finger again.",
    StepKind.PROVE: "Press once more, to prove that it is recognised.",
    StepKind.TRY_AGAIN: "That scan was too poor.",
    StepKind.PASSED: "That was somebody who is enrolled: the gate has answered them as ever.",
    StepKind.DIFFERENT: "The two presses were different: once more from the beginning.",
}

HINTS = {
    Hint.WIPE: "Wipe the finger and the glass, then press again.",
    Hint.MOISTEN: "The finger is too dry: breathe on it, then press again.",
    Hint.PRESS_FLAT: "Press flat, with the middle of the fingertip.",
    Hint.HOLD_STILL: "Hold the finger still.",
    Hint.HOLD_LONGER: "Hold the finger on the glass until the lamp answers.",
}

_WHY_REFUSED = {
    "deactivated": "deactivated",
    "not-valid": "outside the dates of payroll's roster",
}

AWAITED = {
    "enroll": "waits for a finger to enrol; who is enrolled may punch meanwhile",
    "identify": "waits for a finger to identify, and takes no punch until then",
    "take-image": "waits for a finger to take its image, and takes no punch until then",
}
"""What the sensor is kept busy with, by the request."""

_ENROLMENT = {StepKind.PRESS: 1, StepKind.PRESS_AGAIN: 2, StepKind.PROVE: 3}
"""Which of an enrolment's three presses a step asks for."""

OUTCOMES = {
    "recorded": "recorded",
    "repeated": "already recorded",
    "unknown": "not recognised",
    "try-again": "try again",
    "refused": "refused",
    "not-recorded": "NOT RECORDED",
    "sensor-fault": "sensor fault",
}
"""What the panel showed, by outcome."""


def hint_of(hint: str) -> str:
    """What goes with an outcome: what to do, or why somebody was refused."""
    if hint in set(Hint):
        return HINTS[Hint(hint)].rstrip(".")
    return _WHY_REFUSED.get(hint, hint)


def say_step(step: Step) -> None:
    """Tell a step on stderr, so that stdout stays clean for --json."""
    if step.what is StepKind.WAITS:
        waits = AWAITED.get(step.hint or "", "waits for a finger")
        tell(f"The gate {waits}. This begins once that is over; Ctrl-C gives it up.", err=True)
        return
    click.echo(STEPS[step.what], err=True)
    if step.hint is not None:
        click.echo(HINTS[Hint(step.hint)], err=True)


def say_enrolment(whose: str, step: Step) -> None:
    """The same for an enrolment: which finger of whom, and how far it is."""
    if (number := _ENROLMENT.get(step.what)) is None:
        say_step(step)
    else:
        of = f"step {number} of {len(_ENROLMENT)}: {whose}"
        click.echo(f"{STEPS[step.what]} ({of})", err=True)
