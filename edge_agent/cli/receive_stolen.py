"""``edge-agent receive stolen``: whom to tell when a gate is gone."""

import click

from ..contract.language import say
from ..receiver.databases.database import Database
from ..receiver.office.stolen import concerned, lacks_an_earlier_ledger
from .help import Command
from .options import as_json
from .receive_office import with_database
from .show import print_json, print_table, shown_day
from .tell import tell


@click.command("stolen", cls=Command, help="help.receive-stolen")
@click.argument("gate")
@as_json
@with_database
def stolen(database: Database, gate: str, as_json: bool) -> None:
    found = concerned(database, gate)
    if lacks_an_earlier_ledger(database, gate):
        tell(say("stolen.earlier", gate=gate), err=True)
    if as_json:
        print_json(found)
        return
    fingers = sum(one.fingers > 0 for one in found)
    tell(say("stolen.first", gate=gate, count=len(found), fingers=fingers))
    print_table(
        ("code", "name", "fingers", "else", "last-day"),
        (
            (
                one.code,
                one.name,
                one.fingers or "",
                ", ".join(say(f"method.{method}") for method in one.methods),
                shown_day(one.last_day),
            )
            for one in found
        ),
        empty=say("stolen.nobody"),
    )
    if elsewhere := [one.code for one in found if one.replaced]:
        count = sum(one.replaced for one in found)
        tell(say("stolen.replaced", count=count, gate=gate, codes=elsewhere))
    tell(say("stolen.then"))
