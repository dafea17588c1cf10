"""``receive settle``: what is left to decide before a period is signed, and what was decided."""

import getpass

import click
from msgspec import to_builtins

from ..contract.language import say, visible
from ..receiver.databases.database import Database
from ..receiver.office.closing.close import is_over, not_to_sign
from ..receiver.office.delivered import not_delivered
from ..receiver.office.journal import Who
from ..receiver.office.limits import warnings_of
from ..receiver.office.period import Period
from ..receiver.office.settle.items import Item
from ..receiver.office.settle.settle import item_of, keep_as_it_is, settle, take
from .help import Command
from .options import as_json
from .receive_correct import correct, now, with_who
from .receive_office import (
    stated_database,
    told_not_delivered,
    with_database,
    with_period,
)
from .settle_shown import Asked, as_builtins, lines, paragraphs, warned_lines
from .show import print_json
from .show import who as named
from .tell import tell


@click.command("settle", cls=Command, help="help.settle")
@with_period
@click.option(
    "--actor",
    envvar="EDGE_AGENT_ACTOR",
    show_envvar=True,
    help="help.actor-shown",
)
@as_json
@with_database
def settle_period(database: Database, period: Period, actor: str | None, as_json: bool) -> None:
    """What a person has to decide of a month, each with the command that settles it.

    Exit code 0 where nothing is left, 1 where something is; what gates have not delivered is told
    beside it.
    """
    items = settle(database, period, now())
    warned = warnings_of(database, period)
    lacking = not_delivered(database, period, gaps=False)  # Those are among the items.
    asked = Asked(
        period=period,
        actor=actor or getpass.getuser(),
        database=stated_database(),
    )
    if as_json:
        limits = [{**to_builtins(one), "over": one.over} for one in warned]
        shown = {"period": period.name, "items": as_builtins(items, asked), "limits": limits}
        print_json({**shown, "not_delivered": to_builtins(lacking)})
    else:
        why_not = None if items else not_to_sign(database, period, now())
        told = told_not_delivered(lacking if is_over(period, now()) else [])
        for line in (*lines(items, asked, why_not), *warned_lines(warned), *paragraphs(told)):
            click.echo(visible(line))
    click.get_current_context().exit(1 if items else 0)


@correct.command("choose", help="help.correct-choose")
@click.argument("key")
@click.argument("proposal", type=click.IntRange(1))
@with_period
@with_database
@with_who
def choose(database: Database, who: Who, period: Period, key: str, proposal: int) -> None:
    """Enter PROPOSAL of the item KEY, as 'receive settle' shows them: all of it at once."""
    item = item_of(settle(database, period, who.made_at), key)
    numbers = take(database, who, item, proposal)
    told = {"numbers": numbers, "count": len(numbers)}
    if item.code is None:
        tell(say("clerk.chosen", **told))
    else:
        tell(say("clerk.chosen-of", whose=_whose(item), **told))


@correct.command("keep", help="help.correct-keep")
@click.argument("key")
@with_period
@with_database
@with_who
def keep(database: Database, who: Who, period: Period, key: str) -> None:
    """A person has looked at the item KEY of 'receive settle', and it stays as it is.

    When something more arrives of it, the item is there again.
    """
    item = item_of(settle(database, period, who.made_at), key)
    number = keep_as_it_is(database, who, item)
    if item.code is None:
        tell(say("clerk.kept", key=key, number=number))
    else:
        tell(say("clerk.kept-of", whose=_whose(item), key=key, number=number))


def _whose(item: Item) -> str:
    """By the name of whoever had the code then."""
    return named(item.code, {item.code: item.name} if item.code and item.name else {})
