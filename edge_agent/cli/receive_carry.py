"""``edge-agent receive carry``: what gates without a line send on a stick."""

import logging
from pathlib import Path

import click
from msgspec import to_builtins

from ..contract.language import say
from ..receiver.carried import Brought, carry_in
from ..receiver.databases.database import SCHEMES
from .help import group
from .options import FilePath, as_json
from .receive_office import options_before, options_of
from .show import print_json
from .tell import tell, tell_if_on_own_disk

_file = FilePath(dir_okay=False, path_type=Path)


@group(help="help.receive-carry")
def carry() -> None:
    """What comes by hand."""


@carry.command("in", help="help.receive-carry-in")
@click.argument("files", nargs=-1, required=True, type=_file, metavar="FILE...")
@click.option("--receipts", type=FilePath(path_type=Path), required=True, help="help.receipts")
@click.option("--database", help="help.office-database")
@as_json
@click.pass_context
def in_(
    ctx: click.Context,
    /,
    files: tuple[Path, ...],
    receipts: Path,
    database: str | None,
    as_json: bool,
) -> None:
    before = options_before(ctx)
    options = options_of(**before | ({} if database is None else {"database": database}))
    on_server = options.database.startswith(SCHEMES)
    if (unread := logging.lastResort) is not None:
        unread.setLevel(logging.CRITICAL)  # All that a receiver logs is told below.
    done = carry_in(options, files, receipts)
    confirmed = any(brought.through for brought in done)
    if as_json:
        print_json(to_builtins(done))
    else:
        for brought in done:
            _tell(brought, options.database)
        if done[0].first_ever:
            tell(say(_FIRST_EVER[confirmed, on_server], database=options.database), err=True)
    if not confirmed:
        if not as_json:
            tell(say("carry.no-receipts", file=receipts), err=True)
        ctx.exit(1)
    if not as_json:
        tell(say("carry.receipts-written", file=receipts))
        tell_if_on_own_disk(receipts, "/" if on_server else options.database)


_FIRST_EVER = {
    (True, False): "carry.first-ever",
    (True, True): "carry.first-ever-server",
    (False, False): "carry.first-ever-unconfirmed",
    (False, True): "carry.first-ever-unconfirmed-server",
}
"""By whether receipts were written, and whether the database is a server's."""


def _tell(brought: Brought, database: str) -> None:
    what = {"file": brought.file, "gate": brought.gate}
    tell(say("carry.taken", count=brought.entries, new=brought.new, known=brought.known, **what))
    if brought.missing is not None:
        first, last = brought.missing
        fields = {"first": first, "last": last, "folder": Path(brought.file).parent, **what}
        if brought.through or brought.first == 1:
            tell(say("carry.missing", **fields), err=True)
        else:
            tell(say("carry.nothing-before", database=database, **fields), err=True)
    for count, told in (
        (brought.rejected, "carry.rejected"),
        (brought.forks, "carry.forks"),
        (brought.foreign, "carry.foreign"),
        (brought.refused + brought.dropped, "carry.not-kept"),
    ):
        if count:
            tell(say(told, count=count, **what), err=True)
