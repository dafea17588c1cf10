"""The lamps and the buzzer."""

from contextlib import closing
from time import sleep

from ..domain.events import Outcome
from ..ports import Panel
from .findings import Verdict
from .sentences import pins as say
from .visit import Visit

_SHOWN = (Outcome.RECORDED, Outcome.TRY_AGAIN, Outcome.UNKNOWN)
"""Green, amber and red, by what workers see on them."""

_EACH_S = 1.3


def lamps(visit: Visit) -> Verdict:
    """Open their pins, and light them where that was asked for; not while the daemon has them."""
    pins = visit.settings.panel.pins
    if pins == "none":
        return say.LAMPS_NONE()
    if visit.status is not None:
        return say.LAMPS_BUSY() if visit.light else say.LAMPS_OF_DAEMON()
    with visit.owning_the_gate(), closing(visit.assembly.panel()) as panel:
        if visit.light:
            _light(panel)
    if pins == "mock":
        return say.LAMPS_MOCK()
    return say.LAMPS_LIT() if visit.light else say.LAMPS_OPEN()


def _light(panel: Panel) -> None:
    for outcome in _SHOWN:
        panel.show(outcome)
        sleep(_EACH_S)
