"""``edge-agent lamps-off``: what systemd runs after the daemon, however it ended."""

import click

from ..gate.errors import PinFault
from ..gate.panel.lamps import GpioPanel
from ..gate.settings.schema import Settings
from .options import with_settings


@click.command("lamps-off", hidden=True)
@with_settings
def lamps_off(settings: Settings) -> None:
    """Darken the panel: a lamp that a crash left lit would be a lie."""
    panel = GpioPanel(settings.panel)
    panel.close()
    if panel.problem is not None:
        raise PinFault(panel.problem)
