"""``edge-agent setup``: from a few answers to settings that a gate can start with."""

import os
import sys
from pathlib import Path

import click

from ..contract.errors import BadRequest
from ..contract.language import say
from ..gate.errors import NotPermitted
from ..gate.host.service import starting
from ..gate.settings.write import Answers, answered, write_settings
from .complete import Keyword
from .help import command
from .options import FilePath, config_option
from .tell import ask, confirm, tell

_AUTO = "auto"


@command(help="help.setup")
@click.option("--id", "gate_id", help="help.setup-id")
@click.option("--port", help="help.setup-port")
@click.option(
    "--panel",
    type=Keyword(["gpio", "none"], lambda one: f"keyword.panel-{one}"),
    help="help.setup-panel",
)
@click.option("--broker", help="help.setup-broker")
@click.option("--username", help="help.setup-username")
@click.option("--replace", is_flag=True, help="help.setup-replace")
@click.option(
    "--from", "card_file", type=FilePath(path_type=Path, dir_okay=False), help="help.setup-from"
)
@config_option
def setup(
    config: Path,
    gate_id: str | None,
    port: str | None,
    panel: str | None,
    broker: str | None,
    username: str | None,
    replace: bool,
    card_file: Path | None,
) -> None:
    if card_file is not None:
        _by_card(card_file, config)
        return
    if config.exists() and not replace:
        if not _somebody():
            raise BadRequest("setup.there-already", path=config)
        confirm(say("setup.replace", path=config))
    found, baud = _sensor(port or (ask(say("setup.ask-port")) if _somebody() else _AUTO))
    answers = Answers(
        gate_id=_answer(gate_id, "setup.ask-id", None),
        port=found,
        baud=baud,
        pins=panel or _pins(),
        broker=_answer(broker, "setup.ask-broker", "localhost"),
        username=username or "",
    )
    kept = write_settings(config, answered(answers, config.stem), say("setup.note"))
    tell(say("setup.written", path=config))
    if kept is not None:
        tell(say("setup.kept", path=kept))
    tell(say("setup.next", start=starting(for_good=True)))


def _by_card(path: Path, config: Path) -> None:
    """All from a file on the machine's card, which goes from there; without a question."""
    from ..gate.setup.apply import set_up

    if os.geteuid() != 0:
        raise NotPermitted("setup.takes-root")
    tell(say(set_up(path, config, say("setup.note"), lambda: _sensor(_AUTO))))


def _somebody() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def _answer(given: str | None, question: str, otherwise: str | None) -> str:
    if given is not None:
        return given
    if _somebody():
        return ask(say(question))
    if otherwise is None:
        raise BadRequest("setup.no-id")
    return otherwise


def _pins() -> str:
    model = Path("/sys/firmware/devicetree/base/model")
    on_a_pi = model.exists() and model.read_text().startswith("Raspberry Pi")
    return "gpio" if on_a_pi else "none"


def _sensor(port: str) -> tuple[str, int]:
    """The port, and its baud where a sensor has told it; 0: the usual one."""
    if port != _AUTO:
        return port, 0
    from ..gate.sensor.find_port import ask_each, serial_ports

    ports = serial_ports()
    tell(say("setup.looking", ports=ports) if ports else say("setup.no-ports"))
    for answer in ask_each(ports):
        if answer.why is None:
            tell(say("setup.found", port=answer.port, baud=answer.baud, capacity=answer.capacity))
            return answer.port, answer.baud
        tell(say("setup.not-there", port=answer.port, why=answer.why))
    raise BadRequest("setup.no-sensor")
