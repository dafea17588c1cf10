"""``edge-agent display``: the screen at the gate."""

import click

from ..contract.errors import BadRequest
from ..gate.host.journal import log_to_stderr
from ..gate.settings.schema import Settings
from .help import Command
from .options import with_settings


@click.command(cls=Command, help="help.display")
@click.option(
    "--listen",
    metavar="ADDRESS:PORT",
    default="127.0.0.1:8470",
    show_default=True,
    help="help.display-listen",
)
@with_settings
def display(settings: Settings, listen: str) -> None:
    """Serve the page; it follows the daemon, takes no input and changes nothing."""
    try:
        from ..display.serve import serve
    except ImportError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise BadRequest("screen.not-installed") from error
    log_to_stderr(settings.log.format)
    serve(settings, listen)
