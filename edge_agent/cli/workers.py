"""``edge-agent workers``: who may punch."""

import click

from ..assembly import Assembly
from ..domain.people import Worker
from ..domain.requests import AddWorker, DeactivateWorker
from ..settings import Settings
from .carry_out import carry_out
from .options import as_json, with_settings
from .show import print_json, print_table


@click.group()
def workers() -> None:
    """The workers of this gate."""


@workers.command()
@click.argument("code")
@click.argument("name", nargs=-1, required=True)
@as_json
@with_settings
def add(settings: Settings, code: str, name: tuple[str, ...], as_json: bool) -> None:
    """Enter a worker by employee CODE and NAME, or bring a deactivated one back."""
    result = carry_out(settings, AddWorker(code=code, name=" ".join(name)))
    if as_json:
        print_json(result)
    else:
        click.echo(
            f"{result['code']} {result['name']} is entered. Next: edge-agent enroll "
            f"{result['code']} --finger right-index"
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
def list_(settings: Settings, as_json: bool) -> None:
    """All workers, with the fingers they have enrolled."""
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
