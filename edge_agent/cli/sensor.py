"""``edge-agent sensor``: the module itself."""

from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ..contract.atomic_file import new_private_file, refuse_existing
from ..contract.errors import BadRequest, EdgeAgentError
from ..contract.language import Message, say
from ..gate.pairing_mark import Doubt, adopting
from ..gate.people.requests import AdoptSensor, AskSensor, TakeImage
from ..gate.settings.schema import Settings
from .carry_out import carry_out, names_of
from .help import group
from .options import FilePath, as_json, ask_a_person, with_settings, yes_option
from .retired import refuse_retired
from .sealed_backups import next_of
from .show import SHOWN_DIGITS, print_json, who
from .tell import tell

_INDENT = " " * 4


@group(help="help.sensor")
def sensor() -> None:
    """The module itself."""


@sensor.command(help="help.sensor-info")
@as_json
@with_settings
def info(settings: Settings, as_json: bool) -> None:
    result = carry_out(settings, AskSensor())
    if as_json:
        print_json(result)
        return
    lines = {
        "capacity": say("module.used", capacity=result["capacity"], used=result["used"]),
        "security-level": result["security_level"],
        "baud": result["baud"],
        "system-id": f"0x{result['system_id']:04X}",
        "paired": say("module.yes" if result["paired"] else "module.no"),
    }
    for name, text in lines.items():
        tell(f"{say(f'module.{name}'):<15} {text}")
    if result["doubt"]:
        tell(say(adopting(Doubt(result["doubt"]))))


@sensor.command(help="help.sensor-adopt")
@yes_option
@as_json
@with_settings
def adopt(settings: Settings, yes: bool, as_json: bool) -> None:
    refuse_retired(settings)
    ask_a_person(yes, lambda: _adopting_asks(settings))
    result = carry_out(settings, AdoptSensor())
    if as_json:
        print_json(result)
        return
    _tell_adopted(settings, result["forgotten"])
    if left := result.get("replaced"):  # A daemon of an older version does not tell.
        digits, count = left["sensor"][:SHOWN_DIGITS], sum(left["templates"].values())
        tell(say("module.old-holds", count=count, backup=digits))


def _adopting_asks(settings: Settings) -> str:
    """What is asked: with how many prints surely go."""
    told = dict[str, Any]()
    with suppress(EdgeAgentError):  # Whoever adopts it is told.
        told = carry_out(settings, AskSensor())
    if not (count := told.get("lacking")):  # A daemon of an older version does not tell.
        return say("module.adopt-asks")
    people = Message("module.of-people", count=told["of_workers"])
    asks = "module.adopt-asks-all" if count == told["prints"] else "module.adopt-asks-some"
    return say(asks, count=count, people=people)


def _tell_adopted(settings: Settings, lost: list[dict[str, Any]]) -> None:
    fingers: dict[str, list[Message]] = {}
    for print_ in lost:
        finger = Message("people.finger", finger=print_["finger"])
        fingers.setdefault(print_["worker"], []).append(finger)
    if not fingers:
        tell(say("module.adopted"))
        return
    # First what to do: of eighty people the names alone are more than a phone shows.
    people = Message("module.of-people", count=len(fingers))
    tell(say("module.adopted-without", count=len(lost), people=people))
    tell(say("module.bring-back", back=next_of(settings).bring_back))
    names = names_of(settings)
    for code, forgotten in fingers.items():
        tell(say("module.forgotten", whose=who(code, names), fingers=forgotten), indent=_INDENT)


@sensor.command(help="help.sensor-image")
@click.argument("file", type=FilePath(path_type=Path, dir_okay=False))
@yes_option
@as_json
@with_settings
def image(settings: Settings, file: Path, yes: bool, as_json: bool) -> None:
    refuse_retired(settings)
    ask_a_person(yes, lambda: say("module.image-asks"))
    from PIL import Image

    if file.suffix.lower() != ".png":
        raise BadRequest("module.no-png", file=file)
    refuse_existing(file)
    taken = carry_out(settings, TakeImage())
    size = (taken["width"], taken["height"])
    with new_private_file(file) as out:
        Image.frombytes("L", size, b64decode(taken["pixels"])).save(out, "PNG")
    if as_json:
        print_json({"file": str(file), "width": size[0], "height": size[1]})
    else:
        tell(say("module.image", file=file, width=size[0], height=size[1]))
