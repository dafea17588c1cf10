"""``edge-agent carry``: the way to payroll and back where there is no line, on a stick."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import msgspec

from ..contract.atomic_file import new_private_file, refuse_unmounted
from ..contract.carried import (
    ENTRIES,
    RECEIPTS,
    VERSION,
    BadFile,
    CarriedReceipt,
    Head,
    lines,
    proven,
    written,
)
from ..contract.errors import BadRequest
from ..contract.language import say
from ..gate.daemon.assembly import Assembly
from ..gate.ledger.store.sqlite_store import SqliteStore
from ..gate.people.requests import TakeReceipt
from ..gate.settings.schema import Settings
from .carry_out import carry_out
from .help import group
from .options import FilePath, as_json, with_settings
from .show import print_json
from .tell import tell, tell_if_on_own_disk

_BATCH = 500


@group(help="help.carry")
def carry() -> None:
    """The way to payroll and back by hand."""


@carry.command("out", help="help.carry-out")
@click.argument("file", type=FilePath(path_type=Path))
@click.option("--from", "wanted", type=click.IntRange(1), metavar="SEQ", help="help.carry-from")
@as_json
@with_settings
def out(settings: Settings, file: Path, wanted: int | None, as_json: bool) -> None:
    refuse_unmounted(file)
    with closing(Assembly(settings).store_for_reading()) as store:
        first, last = wanted or store.watermarks().confirmed + 1, store.tail().seq
        if first <= store.checkpoint().seq:
            raise BadRequest("carry.pruned", through=store.checkpoint().seq)
        if file.is_dir():
            file = file / f"{store.gate}.{store.ledger[:8]}.{last:09}.entries"
        count = max(0, last + 1 - first)
        if count:
            head = Head(
                format=ENTRIES,
                version=VERSION,
                lines=count,
                gate=store.gate,
                ledger=store.ledger,
                first=first,
            )
            with new_private_file(file) as target:
                for line in written(head, _wires(store, first, last)):
                    target.write(line)
            with file.open("rb") as back:
                proven(back, file, ENTRIES)
    if as_json:
        print_json({"file": str(file) if count else None, "entries": count, "first": first})
    elif count:
        tell(say("carry.carried-out", file=file, count=count, first=first, last=last))
        tell_if_on_own_disk(file, settings.store.path)
    else:
        tell(say("carry.nothing-waits"))


def _wires(store: SqliteStore, first: int, last: int) -> Iterator[bytes]:
    while first <= last:
        entries = store.whole_entries(first, min(_BATCH, last + 1 - first))
        yield from (entry.wire for entry in entries)
        first = entries[-1].seq + 1


@carry.command("in", help="help.carry-in")
@click.argument("file", type=FilePath(dir_okay=False, path_type=Path))
@as_json
@with_settings
def in_(settings: Settings, file: Path, as_json: bool) -> None:
    with closing(Assembly(settings).store_for_reading()) as store:
        receipt = _receipt(file, store)
    done = carry_out(settings, TakeReceipt(receipt=receipt.decode()))
    if as_json:
        print_json(done)
        return
    told = "carry.confirmed" if done["new"] else "carry.confirmed-before"
    tell(say(told, through=done["confirmed"], waiting=done["waiting"]))
    if done["rejected"]:
        tell(say("status.rejected", count=done["rejected"]))


def _receipt(file: Path, store: SqliteStore) -> bytes:
    """The receipt of this ledger; those of others on the same stick are theirs."""
    with file.open("rb") as brought:
        proven(brought, file, RECEIPTS)
        for line in lines(brought):
            try:
                one = msgspec.json.decode(line, type=CarriedReceipt)
                ledger = msgspec.json.decode(one.receipt, type=_OfLedger).ledger
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise BadFile("carry.altered", file=file) from error
            if (one.gate, ledger) == (store.gate, store.ledger):
                return bytes(one.receipt)
    raise BadRequest("carry.none-of-this-ledger", file=file, gate=store.gate, ledger=store.ledger)


class _OfLedger(msgspec.Struct):
    ledger: str
