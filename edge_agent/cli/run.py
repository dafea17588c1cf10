"""``edge-agent run``: the daemon."""

import click

from ..daemon import run_daemon
from ..host.logs import log_to_stderr
from ..settings import Settings
from .options import with_settings


@click.command()
@with_settings
def run(settings: Settings) -> None:
    """Run the gate until SIGTERM. SIGUSR1 writes the stacks of all threads to stderr."""
    log_to_stderr(settings.log.format)
    click.get_current_context().exit(run_daemon(settings))
