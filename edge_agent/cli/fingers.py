"""``edge-agent enroll``, ``prints`` and ``identify``: work at the sensor."""

import click

from ..assembly import Assembly
from ..domain.people import FINGERS
from ..domain.requests import Enroll, Identify, RemovePrint, Step
from ..domain.rules import Hint
from ..settings import Settings
from .carry_out import carry_out
from .options import as_json, with_settings
from .show import print_json, print_table
from .words import HINTS, STEPS

_finger = click.option(
    "--finger", required=True, metavar="FINGER", help=f"One of {', '.join(FINGERS)}."
)


def _say(step: Step) -> None:
    """Tell a step on stderr, so that stdout stays clean for --json."""
    click.echo(STEPS[step.what], err=True)
    if step.hint is not None:
        click.echo(HINTS[Hint(step.hint)], err=True)


@click.command()
@click.argument("code")
@_finger
@as_json
@with_settings
def enroll(settings: Settings, code: str, finger: str, as_json: bool) -> None:
    """Enrol a finger of worker CODE. Follow the steps at the sensor; no key is needed."""
    result = carry_out(settings, Enroll(code=code, finger=finger), _say)
    if as_json:
        print_json(result)
    else:
        click.echo(f"Enrolled: {result['finger']} of {result['worker']} in slot {result['slot']}.")


@click.command()
@as_json
@with_settings
def identify(settings: Settings, as_json: bool) -> None:
    """Say whose finger is pressed. No punch is recorded."""
    result = carry_out(settings, Identify(), _say)
    if as_json:
        print_json(result)
    elif not result["known"]:
        click.echo("Not recognised.")
    else:
        click.echo(
            f"{result['worker']}: {result['finger']}, slot {result['slot']}, "
            f"score {result['score']}" + ("" if result["active"] else " (deactivated)")
        )


@click.group()
def prints() -> None:
    """The enrolled fingers."""


@prints.command("list")
@as_json
@with_settings
def list_(settings: Settings, as_json: bool) -> None:
    """All enrolled fingers, by slot."""
    store = Assembly(settings).store_for_reading()
    found = store.prints()
    if as_json:
        print_json(found)
        return
    names = {worker.code: worker.name for worker in store.workers()}
    print_table(
        ("slot", "code", "name", "finger", "generation"),
        ((p.slot, p.worker, names[p.worker], p.finger, p.generation) for p in found),
        empty="No prints yet: edge-agent enroll CODE --finger right-index",
    )


@prints.command()
@click.argument("code")
@_finger
@as_json
@with_settings
def remove(settings: Settings, code: str, finger: str, as_json: bool) -> None:
    """Erase a finger of worker CODE from the sensor. Punches are kept."""
    result = carry_out(settings, RemovePrint(code=code, finger=finger))
    if as_json:
        print_json(result)
    else:
        click.echo(f"Removed: {result['finger']} of {result['worker']}, slot {result['slot']}.")
