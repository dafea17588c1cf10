"""``edge-agent workers``, ``enroll``, ``prints``, ``identify``: who may punch, by which finger."""

from functools import partial

import click

from ..contract.language import say
from ..contract.people import FINGERS, Worker
from ..gate.people.requests import (
    ActivateWorker,
    AddWorker,
    DeactivateWorker,
    Enroll,
    Identify,
    RemovePrint,
    RenameWorker,
)
from ..gate.settings.schema import Settings
from .carry_out import carry_out, names_of, who
from .options import as_json, with_settings
from .show import print_json, print_table
from .tell import tell
from .words import say_enrolment

_finger = click.option(
    "--finger", required=True, metavar="FINGER", help=f"One of {', '.join(FINGERS)}."
)


@click.group()
def workers() -> None:
    """The workers of this gate."""


@workers.command()
@click.argument("code")
@click.argument("name", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="Although the code looks odd, or like another one.")
@as_json
@with_settings
def add(settings: Settings, code: str, name: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Enter a worker by employee CODE and NAME, or bring a deactivated one back."""
    result = carry_out(settings, AddWorker(code=code, name=" ".join(name), force=force))
    if as_json:
        print_json(result)
    else:
        click.echo(
            f"{result['code']} {result['name']} is entered. Next: edge-agent enroll "
            f"{result['code']} --finger right-index"
        )


@workers.command()
@click.argument("code")
@click.argument("name", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="It is the same person, and keeps the prints.")
@as_json
@with_settings
def rename(
    settings: Settings, code: str, name: tuple[str, ...], force: bool, as_json: bool
) -> None:
    """Correct the NAME of worker CODE, who keeps the prints."""
    result = carry_out(settings, RenameWorker(code=code, name=" ".join(name), force=force))
    if as_json:
        print_json(result)
    else:
        click.echo(f"{result['code']} is {result['name']} from now on.")


@workers.command()
@click.argument("code")
@as_json
@with_settings
def activate(settings: Settings, code: str, as_json: bool) -> None:
    """Take the fingers of worker CODE again, which this gate refuses."""
    result = carry_out(settings, ActivateWorker(code=code))
    if as_json:
        print_json(result)
        return
    fingers = ", ".join(result["fingers"])
    click.echo(
        f"{result['code']} {result['name']} is active again"
        + (f", with the prints that are enrolled: {fingers}." if fingers else ", without prints.")
    )


@workers.command()
@click.argument("code")
@as_json
@with_settings
def deactivate(settings: Settings, code: str, as_json: bool) -> None:
    """Refuse the fingers of worker CODE from now on. Punches and prints are kept."""
    result = carry_out(settings, DeactivateWorker(code=code))
    if as_json:
        print_json(result)
    else:
        click.echo(f"{result['code']} {result['name']} is deactivated.")


@workers.command("list")
@as_json
@with_settings
def list_workers(settings: Settings, as_json: bool) -> None:
    """All workers, with the fingers they have enrolled."""
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    store = Assembly(settings).store_for_reading()
    fingers: dict[str, list[str]] = {}
    for print_ in store.prints():
        fingers.setdefault(print_.worker, []).append(print_.finger)
    workers = store.workers()
    rows = [
        {
            "code": worker.code,
            "name": worker.name,
            "active": worker.active,
            "listed": worker.listed,
            "fingers": fingers.get(worker.code, []),
        }
        for worker in workers
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("code", "name", "state", "fingers"),
        (
            (
                worker.code,
                worker.name,
                _state(worker),
                ", ".join(fingers.get(worker.code, [])),
            )
            for worker in workers
        ),
        empty="No workers yet: edge-agent workers add CODE NAME",
    )


def _state(worker: Worker) -> str:
    """Whose word keeps a worker out, or between which dates payroll lets them in."""
    if not worker.active:
        return "deactivated"
    if worker.listed is None:
        return "active"
    if not worker.listed.active:
        return "deactivated by payroll"
    limits = {"from": worker.listed.valid_from, "to": worker.listed.valid_to}
    return " ".join(["active", *(f"{word} {day}" for word, day in limits.items() if day)])


@click.command()
@click.argument("code")
@_finger
@as_json
@with_settings
def enroll(settings: Settings, code: str, finger: str, as_json: bool) -> None:
    """Enrol a finger of worker CODE. Follow the steps at the sensor; no key is needed."""
    names = names_of(settings)
    steps = partial(say_enrolment, f"{finger} of {who(code, names)}")
    result = carry_out(settings, Enroll(code=code, finger=finger), steps)
    if as_json:
        print_json(result)
    else:
        whose = who(result["worker"], names)
        tell(say("people.enrolled", finger=result["finger"], whose=whose, slot=result["slot"]))


@click.command()
@as_json
@with_settings
def identify(settings: Settings, as_json: bool) -> None:
    """Say whose finger is pressed. No punch is recorded."""
    result = carry_out(settings, Identify())
    if as_json:
        print_json(result)
    elif not result["known"]:
        click.echo("Not recognised: no finger that is enrolled here. No punch was recorded.")
    else:
        whose = who(result["worker"], names_of(settings))
        click.echo(
            f"{whose}: {result['finger']}, slot {result['slot']}, "
            f"score {result['score']}" + ("" if result["active"] else " (deactivated)")
        )


@click.group()
def prints() -> None:
    """The enrolled fingers."""


@prints.command("list")
@as_json
@with_settings
def list_prints(settings: Settings, as_json: bool) -> None:
    """All enrolled fingers, by slot."""
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

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
