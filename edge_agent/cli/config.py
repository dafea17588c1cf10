"""``edge-agent config check``: whether the settings can be used, before a daemon tries."""

from collections.abc import Callable
from pathlib import Path

from ..contract.errors import EdgeAgentError
from ..contract.language import Message, say
from ..gate.errors import BadSettings
from ..gate.host.service import restarting
from ..gate.settings.load import load_settings
from ..gate.settings.meaning import oddities
from ..gate.settings.schema import Settings
from .help import group
from .options import config_option
from .tell import tell


@group(help="help.config")
def config() -> None:
    """What this gate is told to be."""


@config.command(help="help.config-check")
@config_option
def check(config: Path) -> None:
    settings = load_settings(config)
    problems = list(_password_problems(settings))
    if problems:
        raise BadSettings(str(config), problems)
    tell(say("settings.right", path=config))
    for odd in oddities(settings):
        tell(say("settings.but", odd=odd))
    tell(say("settings.used-from", restart=restarting()))


def _password_problems(settings: Settings) -> list[Message]:
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
                tell(say("settings.not-looked-into", path=file))
            else:
                found.append(Message("settings.password-file", section=section, why=fault))
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
