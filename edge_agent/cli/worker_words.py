"""What people read of a worker: whether they may punch, and by which fingers."""

from collections.abc import Iterable

from ..contract.language import say
from ..contract.people import Worker


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


def fingers_of(fingers: Iterable[str]) -> list[str]:
    """Fingers by the names that people have for them."""
    return [say("people.finger", finger=finger) for finger in fingers]
