"""``edge-agent sensor``: the module itself."""

from base64 import b64decode
from pathlib import Path

import click

from ..contract.atomic_file import new_private_file, refuse_existing
from ..contract.errors import BadRequest
from ..gate.pairing_mark import Doubt, adopting
from ..gate.people.requests import AdoptSensor, AskSensor, TakeImage
from ..gate.settings.schema import Settings
from .carry_out import carry_out
from .options import as_json, with_settings
from .show import print_json


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


@sensor.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
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
    refuse_existing(file)
    taken = carry_out(settings, TakeImage())
    size = (taken["width"], taken["height"])
    with new_private_file(file) as out:
        Image.frombytes("L", size, b64decode(taken["pixels"])).save(out, "PNG")
    if as_json:
        print_json({"file": str(file), "width": size[0], "height": size[1]})
    else:
        click.echo(f"{file}: {size[0]} × {size[1]} pixels. Delete it when you have looked at it.")
