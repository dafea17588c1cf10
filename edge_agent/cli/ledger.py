"""``edge-agent ledger``: look after the ledger."""

import click

from ..assembly import Assembly
from ..settings import Settings
from ..store import verify_ledger
from .options import as_json, with_settings
from .show import print_json


@click.group()
def ledger() -> None:
    """The ledger of this gate."""


@ledger.command()
@as_json
@with_settings
def verify(settings: Settings, as_json: bool) -> None:
    """Check every entry and every link of the hash chain."""
    store = Assembly(settings).store_for_reading()
    tail = verify_ledger(store)
    if as_json:
        print_json({"ledger": store.ledger, "entries": tail.seq, "hash": tail.hash.hex()})
    else:
        click.echo(
            f"Ledger {store.ledger}: {tail.seq} entries, unbroken. "
            f"The last one's hash is {tail.hash.hex()}."
        )
