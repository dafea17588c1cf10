"""``edge-agent panel demo``, and ``edge-agent lamps-off``: the lamps and the buzzer."""

import time
from contextlib import closing

import click

from ..gate.errors import PinFault
from ..gate.panel.lamps import GpioPanel
from ..gate.settings.schema import Settings
from .options import with_settings

_ROUNDS = 2
_PAUSE_S = 1.0


@click.command("lamps-off", hidden=True)
@with_settings
def lamps_off(settings: Settings) -> None:
    """Darken the panel: a lamp that a crash left lit would be a lie."""
    _opened(settings).close()


@click.group()
def panel() -> None:
    """The lamps and the buzzer of this gate."""


@panel.command()
@with_settings
def demo(settings: Settings) -> None:
    """Show and sound each sign in turn, with its meaning, for those who are to know them.

    The daemon must be stopped: it has the pins.
    """
    from ..gate.daemon.assembly import Assembly
    from ..gate.panel.signs import SIGNS

    if settings.panel.pins == "none":
        raise PinFault('[panel] pins is "none": this gate has no lamps. Name their pins first.')
    lock = Assembly(settings).lock()
    lock.acquire("edge-agent panel demo")
    try:
        with closing(_opened(settings)) as lamps:
            for sign in SIGNS.values():
                click.echo(f"{_plain(sign.vi.meaning)} · {_plain(sign.en.meaning)}")
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


def _plain(markdown: str) -> str:
    return markdown.replace("**", "")
