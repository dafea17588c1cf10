"""What people read of a worker: whether they may punch, and by which fingers."""

from collections.abc import Iterable

from ..contract.language import say
from ..contract.people import Worker
from ..gate.consents import Consent


def state_of(worker: Worker) -> str:
    """Whose word keeps a worker out, or between which dates payroll lets them in."""
    if not worker.active:
        return say("people.state-deactivated")
    if worker.listed is None:
        return say("people.state-active")
    if not worker.listed.active:
        return say("people.state-delisted")
    first, last = worker.listed.valid_from, worker.listed.valid_to
    if first and last:
        return say("people.state-between", first=first, last=last)
    if first:
        return say("people.state-from", first=first)
    return say("people.state-until", last=last) if last else say("people.state-active")


def consent_state(own: Consent | None) -> str:
    """Whether somebody has agreed to their fingers being used: ``none``, ``lives`` or
    ``ask-again``, where it was to an older text."""
    # Only here: who has agreed is asked by few commands.
    from ..gate.people.consent_text import is_newest

    if own is None:
        return "none"
    return "lives" if is_newest(own.text) else "ask-again"


def fingers_of(fingers: Iterable[str]) -> list[str]:
    """Fingers by the names that people have for them."""
    return [say("people.finger", finger=finger) for finger in fingers]
