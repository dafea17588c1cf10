"""``edge-agent panel demo``: the lamps and the buzzer."""

import time
from contextlib import closing

import click

from ..contract.language import say
from ..gate.errors import PinFault
from ..gate.panel.lamps import GpioPanel
from ..gate.settings.schema import Settings
from .help import Group
from .options import with_settings
from .tell import tell

_NOTHING = "–"
"""What is heard of a sign without a tone."""

_ROUNDS = 2
_PAUSE_S = 1.0


@click.group(cls=Group, help="help.panel")
def panel() -> None:
    """What workers see and hear."""


@panel.command(help="help.panel-demo")
@with_settings
def demo(settings: Settings) -> None:
    """Each sign in turn, with its meaning, and what is to be seen and heard if all is wired well.
    A daemon that runs has the pins."""
    from ..gate.daemon.assembly import Assembly
    from ..gate.panel.signs import SIGNS

    if settings.panel.pins == "none":
        raise PinFault("panel.none")
    lock = Assembly(settings).lock()
    lock.acquire("edge-agent panel")
    try:
        with closing(_opened(settings)) as lamps:
            for name, sign in SIGNS.items():
                tell(say(f"sign.{name}-meaning").replace("**", ""))
                seen, heard = say(f"sign.{name}-seen"), say(f"sign.{name}-heard")
                tell(f"  {seen}" if heard == _NOTHING else f"  {seen} · {heard}")
                for _ in range(_ROUNDS if sign.standing else 1):
                    lamps.play(sign.rhythms)
                    time.sleep(min(sign.lasts_s, 3.0))
                lamps.dark()
                time.sleep(_PAUSE_S)
    finally:
        lock.release()


def _opened(settings: Settings) -> GpioPanel:
    lamps = GpioPanel(settings.panel)
    if lamps.problem is not None:
        raise PinFault(lamps.problem)
    return lamps
