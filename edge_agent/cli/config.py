"""``edge-agent config check``: whether the settings can be used, before a daemon tries."""

from collections.abc import Callable
from pathlib import Path

import click

from ..contract.errors import EdgeAgentError
from ..gate.errors import BadSettings
from ..gate.settings.load import load_settings
from ..gate.settings.meaning import oddities
from ..gate.settings.schema import Settings
from .options import config_option


@click.group()
def config() -> None:
    """The settings of this gate."""


@config.command()
@config_option
def check(config: Path) -> None:
    """Say all that is wrong with the settings, or that they are right. Changes nothing.

    The password files that they name are looked into as well, where this user may read them.
    Exit code 0: a daemon can start with them; 78: it cannot.
    """
    settings = load_settings(config)
    problems = list(_password_problems(settings))
    if problems:
        raise BadSettings(str(config), problems)
    click.echo(f"The settings in {config} are right.")
    for odd in oddities(settings):
        click.echo(f"But see to {odd}")


def _password_problems(settings: Settings) -> list[str]:
    # Here: what reads them brings the libraries of broker and sensor along.
    from ..contract.broker.client import password
    from ..gate.host.passwords import sensor_passwords

    found = []
    files = settings.mqtt.password_file, settings.sensor.password_file
    database = Path(settings.store.path)
    looks: tuple[Callable[[], object], ...] = (
        lambda: password(settings.mqtt.access),
        lambda: sensor_passwords(files[1], database),
    )
    for section, file, look in zip(("mqtt", "sensor"), files, looks, strict=True):
        if not file:
            continue
        try:
            look()
        except EdgeAgentError as fault:
            if _is_the_services(file):
                click.echo(f"Not looked into, for this user may not read it: {file}")
            else:
                found.append(f"[{section}] password_file: {fault}")
    return found


def _is_the_services(file: str) -> bool:
    """Whether it is there for another user, the daemon's."""
    try:
        with Path(file).open("rb"):
            return False
    except PermissionError:
        return True
    except OSError:
        return False
