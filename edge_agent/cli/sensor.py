"""``edge-agent sensor``: the module itself."""

import click

from ..domain.pairing import Doubt, adopting
from ..domain.requests import AdoptSensor, AskSensor
from ..settings import Settings
from .carry_out import carry_out
from .options import as_json, with_settings
from .sensor_module import image, password
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


sensor.add_command(password)
sensor.add_command(image)
