"""``edge-agent run``: the daemon."""

import logging

import click

from ..contract.errors import EdgeAgentError
from ..gate.daemon.run import run_daemon
from ..gate.host.journal import log_to_stderr
from ..gate.settings.meaning import oddities
from ..gate.settings.schema import Settings
from .help import command
from .options import with_settings

log = logging.getLogger(__name__)


@command(help="help.run")
@with_settings
def run(settings: Settings) -> None:
    log_to_stderr(settings.log.format)
    for odd in oddities(settings):
        log.warning("the settings are odd: %s", odd)
    try:
        code = run_daemon(settings, click.get_current_context().params["config"])
    except EdgeAgentError as error:
        if settings.log.format == "plain":
            raise
        # In the form that the log has: whoever reads JSON lines reads this one too.
        log.critical("%s", error)
        code = error.exit_code
    click.get_current_context().exit(code)
