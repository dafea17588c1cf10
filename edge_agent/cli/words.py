"""What a person at the sensor is told, what the panel has told somebody, and how a part is."""

from collections.abc import Mapping
from typing import Any

from ..contract.facts import Direction
from ..contract.language import is_name, say, visible
from ..gate.events import Outcome
from ..gate.panel.signs import LAMPS, NOT_RECORDED, REFUSED, REPEATED, UNKNOWN, sign_of
from ..gate.people.answers import Step, StepKind
from ..gate.print_health import quality_of
from ..gate.rules import Hint
from .show import who
from .tell import tell

_ENROLMENT = {StepKind.PRESS: 1, StepKind.PRESS_AGAIN: 2, StepKind.PROVE: 3}
"""Which of an enrolment's three presses a step asks for."""


def outcome_of(outcome: str) -> str:
    """What the panel showed."""
    return _said(f"outcome.{outcome}")


def lamps_of(shown: Mapping[str, Any]) -> str:
    """In which colours the panel showed it: ``shown`` as the event stream tells it; ``offline``
    None: nobody knows any more."""
    try:
        outcome = Outcome(shown["outcome"])
    except ValueError:  # One that only a newer daemon has.
        return say("panel.lamps-unknown")
    hint = shown["hint"] if shown["hint"] in [*Hint] else None
    led, offline = shown.get("direction"), shown.get("offline", False)
    up, down = (
        sign_of(
            outcome, Hint(hint) if hint else None, direction=led and Direction(led), offline=one
        )
        for one in (False, True)
    )
    for name, sign in _BY_RHYTHM.items():
        if up is sign.rhythms:
            return say(f"panel.lamps-{name}")
    if offline is None and up != down:
        return say("panel.lamps-green-perhaps-amber")
    lit = down if offline else up
    return say(f"panel.lamps-{'-'.join(one for one in LAMPS if one in lit)}")


_BY_RHYTHM = {
    "green-twice": REPEATED,
    "red-long": UNKNOWN,
    "red-slow": REFUSED,
    "red-fast": NOT_RECORDED,
}
"""Signs of one colour that the workers' page tells apart by how often it shines."""


def hint_of(hint: str) -> str:
    """What goes with an outcome: what to do, or why somebody was refused."""
    return say(f"hint.{hint}").rstrip(".") if is_name(f"hint.{hint}") else _said(f"refused.{hint}")


def awaited(request: str) -> str:
    """What the sensor is kept busy with, by the request."""
    return say(f"awaits.{request}") if is_name(f"awaits.{request}") else say("awaits.finger")


def state_of(state: str) -> str:
    """How a part of the gate is, by its state."""
    return _said(f"is.{state.replace(' ', '-')}")


def roster_of(roster: dict[str, Any]) -> str:
    """Which roster of payroll's is in force, and why the last one is not."""
    version = roster["version"]
    text = say("status.version", version=version) if version else say("status.no-roster")
    if roster["refused"]:
        return say("status.roster-refused", text=text, why=roster["refused"])
    return text


def tell_step(step: Step) -> None:
    """Tell a step on stderr, so that stdout stays clean for --json."""
    if step.what is StepKind.WAITS:
        tell(say("step.waits", waits=awaited(step.hint or "")), err=True)
        return
    tell(say(f"step.{step.what}"), err=True)
    if step.hint is not None:
        tell(_said(f"hint.{step.hint}"), err=True)


def tell_enrolment(whose: str, names: Mapping[str, str], step: Step) -> None:
    """The same for an enrolment: which finger of whom, how far it is, and who else has pressed, by
    ``names``."""
    if step.what is StepKind.PASSED:
        tell(_passed(step, who(step.worker, names)), err=True)
        return
    if (number := _ENROLMENT.get(step.what)) is None:
        tell_step(step)
        return
    if step.score is not None:
        tell(say("score.alike", score=step.score, quality=quality_of(step.score)), err=True)
    asked, of = say(f"step.{step.what}"), len(_ENROLMENT)
    tell(say("step.of", asked=asked, number=number, of=of, whose=whose), err=True)


def _passed(step: Step, whose: str) -> str:
    """Who pressed instead, and whether that was a punch: if not, why they were refused, or what
    the panel showed them."""
    if step.hint is None:
        return say("step.passed", whose=whose)
    if is_name(f"refused.{step.hint}"):
        return say("step.refused", whose=whose, why=_said(f"refused.{step.hint}"))
    return say("step.not-a-punch", whose=whose, why=_said(f"outcome.{step.hint}"))


def _said(name: str) -> str:
    """The words for a code; one that only a newer daemon has is shown as it is."""
    return say(name) if is_name(name) else visible(name.partition(".")[2])
