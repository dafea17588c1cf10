"""``edge-agent sensor``: the module itself.

``edge-agent sensor password`` and ``sensor image``: the module itself.
"""

from base64 import b64decode
from pathlib import Path
from typing import Any

import click

from ..contract.errors import BadRequest
from ..gate.daemon.assembly import Assembly
from ..gate.pairing_mark import Doubt, adopting
from ..gate.people.requests import (
    AdoptSensor,
    AskCourier,
    AskSensor,
    ClearPassword,
    ProposePassword,
    RecallPassword,
    SetPassword,
    Step,
    TakeImage,
)
from ..gate.people.templates.backup_file import BadBackup, read_password, unsealed_line
from ..gate.settings.schema import Settings
from . import sealed_files
from .carry_out import at_the_gate, carry_out
from .options import as_json, with_settings
from .show import print_json
from .templates import open_backup, with_identity
from .words import STEPS

_file = click.Path(path_type=Path, dir_okay=False)


@click.group()
def password() -> None:
    """The sensor's own password: none unless you set one, and few should (docs/templates.md)."""


@password.command("set")
@click.argument("file", type=_file)
@click.option("--backup", type=_file, required=True, help="A backup that holds every print.")
@with_identity
@as_json
@with_settings
def set_(settings: Settings, file: Path, backup: Path, identity: Path, as_json: bool) -> None:
    """Give the sensor a password, once its sealed copy in a new FILE was read back.

    FILE is sealed to the recipients of the backup; the identity proves that both can be opened.
    """
    sealing = Assembly(settings).sealing()
    sealed_files.refuse_existing(file)
    if str(identity) == "-":
        raise BadRequest("The identity is needed twice here: give a file, not stdin.")
    opened = open_backup(backup, identity, sealing)
    digests = [record.digest for record in opened.records if record.template is not None]
    with at_the_gate(settings) as perform:
        proposal = ProposePassword(recipients=opened.header.recipients, digests=digests)
        sealed = perform(proposal)["sealed"]
        with sealed_files.new_file(file) as out:
            out.write(sealed.encode() + b"\n")
        copy = _opened(file, sealing, identity)
        courier = perform(AskCourier())["recipient"]
        result = perform(SetPassword(sealed=sealing.seal(copy, [courier])))
    _tell(result, as_json, f"The sensor has a password. {file} holds it, sealed: keep it well.")


@password.command()
@as_json
@with_settings
def clear(settings: Settings, as_json: bool) -> None:
    """Take the sensor's password away."""
    _tell(carry_out(settings, ClearPassword()), as_json, "The sensor has no password.")


@password.command()
@click.argument("file", type=_file)
@with_identity
@as_json
@with_settings
def recall(settings: Settings, file: Path, identity: Path, as_json: bool) -> None:
    """Tell a gate that has lost it the password in FILE, for instance after a dead card."""
    sealing = Assembly(settings).sealing()
    copy = _opened(file, sealing, identity)
    with at_the_gate(settings) as perform:
        courier = perform(AskCourier())["recipient"]
        result = perform(RecallPassword(sealed=sealing.seal(copy, [courier])))
    _tell(result, as_json, "The sensor takes this password, and the gate knows it.")


def _opened(file: Path, sealing: Any, identity: Path) -> bytes:
    """The sealed password in a file, opened and checked. Raises BadBackup."""
    content = sealed_files.read_file(file)
    keys = sealed_files.identities(identity)
    try:
        opened: bytes = sealing.open(unsealed_line(content.removesuffix(b"\n")), keys)
        read_password(opened)
    except BadRequest as error:
        raise BadBackup(f"{file} cannot be used, and nothing was changed: {error}.") from error
    return opened


def _tell(result: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(result)
    else:
        click.echo(sentence)


@click.command()
@click.argument("file", type=_file)
@click.confirmation_option(
    prompt="The picture shows somebody's fingerprint: use your own finger, and delete the file "
    "once you have looked at the window. Go on?"
)
@as_json
@with_settings
def image(settings: Settings, file: Path, as_json: bool) -> None:
    """Save what the sensor sees of one finger as FILE.png, to judge a dirty window.

    Takes seven seconds at 57600 baud, in which the gate sees nobody. Only you may read the file.
    """
    from PIL import Image

    if file.suffix.lower() != ".png":
        raise BadRequest(f"{file} does not end in .png: only PNG files are written.")
    sealed_files.refuse_existing(file)
    taken = carry_out(settings, TakeImage(), _say)
    size = (taken["width"], taken["height"])
    with sealed_files.new_file(file) as out:
        Image.frombytes("L", size, b64decode(taken["pixels"])).save(out, "PNG")
    if as_json:
        print_json({"file": str(file), "width": size[0], "height": size[1]})
    else:
        click.echo(f"{file}: {size[0]} × {size[1]} pixels. Delete it when you have looked at it.")


def _say(step: Step) -> None:
    click.echo(STEPS[step.what], err=True)


@click.group()
def sensor() -> None:
    """The sensor of this gate."""


@sensor.command()
@as_json
@with_settings
def info(settings: Settings, as_json: bool) -> None:
    """What the sensor says of itself, and whether it is the one that the prints are in."""
    result = carry_out(settings, AskSensor())
    if as_json:
        print_json(result)
        return
    click.echo(f"capacity        {result['capacity']}, {result['used']} used")
    click.echo(f"security level  {result['security_level']}")
    click.echo(f"baud            {result['baud']}")
    click.echo(f"system id       0x{result['system_id']:04X}")
    click.echo(f"paired          {'yes' if result['paired'] else 'NO'}")
    if result["doubt"]:
        click.echo(adopting(Doubt(result["doubt"])))


@sensor.command()
@click.confirmation_option(
    prompt="Prints whose template this sensor does not hold will be forgotten. Go on?"
)
@as_json
@with_settings
def adopt(settings: Settings, as_json: bool) -> None:
    """Take the sensor as it is: for a replaced module, or after a restored backup."""
    result = carry_out(settings, AdoptSensor())
    if as_json:
        print_json(result)
        return
    click.echo("The sensor is adopted.")
    for print_ in result["forgotten"]:
        click.echo(f"Forgotten: {print_['finger']} of {print_['worker']}. Enrol it again.")
    if result["forgotten"]:
        click.echo("With a backup nobody has to: edge-agent templates restore FILE --identity …")


sensor.add_command(password)
sensor.add_command(image)
