"""``edge-agent ledger``: look after the ledger."""

from pathlib import Path

import click

from ..assembly import Assembly
from ..ports import Tail
from ..settings import Settings
from ..store import backup as back_up
from ..store import verify_ledger
from .ledger_file import export as write_file
from .options import as_json, with_settings
from .show import print_json


@click.group()
def ledger() -> None:
    """The ledger of this gate."""


@ledger.command()
@click.option("--receipt", metavar="SEQ:HASH", help="What payroll's last receipt covers.")
@as_json
@with_settings
def verify(settings: Settings, receipt: str | None, as_json: bool) -> None:
    """Check every entry and every link of the hash chain."""
    held = _receipt(receipt) if receipt is not None else None
    store = Assembly(settings).store_for_reading()
    tail, pruned = verify_ledger(store, held), store.checkpoint().seq
    if as_json:
        print_json(
            {
                "ledger": store.ledger,
                "entries": tail.seq,
                "pruned": pruned,
                "hash": tail.hash.hex(),
            }
        )
        return
    without = f" The first {pruned} were pruned." if pruned else ""
    click.echo(
        f"Ledger {store.ledger}: {tail.seq} entries, unbroken.{without} "
        f"The last one's hash is {tail.hash.hex()}."
    )


@ledger.command()
@click.argument("file", type=click.Path(path_type=Path))
@as_json
@with_settings
def export(settings: Settings, file: Path, as_json: bool) -> None:
    """Write the ledger to FILE for an auditor: .jsonl with the chain, or .csv for Excel."""
    store = Assembly(settings).store_for_reading()
    count = write_file(store, file)
    if as_json:
        print_json({"file": str(file), "ledger": store.ledger, "entries": count})
    else:
        click.echo(f"{count} entries of ledger {store.ledger} are in {file}.")


@ledger.command()
@click.argument("file", type=click.Path(path_type=Path))
@as_json
@with_settings
def backup(settings: Settings, file: Path, as_json: bool) -> None:
    """Copy the database to FILE for rescue, while the daemon goes on. It holds workers' names."""
    size = back_up(Assembly(settings).database, file)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        click.echo(f"The database is in {file} ({size} bytes). Keep it as carefully as names.")


def _receipt(text: str) -> Tail:
    seq, _, digest = text.partition(":")
    try:
        tail = Tail(int(seq), bytes.fromhex(digest))
    except ValueError:
        tail = Tail(0, b"")
    if tail.seq < 1 or len(tail.hash) != 32:
        raise click.BadParameter(
            f"{text!r} is no receipt: write its 'through', a colon and the 64 digits of its hash.",
            param_hint="--receipt",
        )
    return tail
