"""``edge-agent carry``: the way to payroll and back where there is no line, on a stick."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import click
import msgspec

from ..contract.atomic_file import new_private_file
from ..contract.carried import (
    ENTRIES,
    RECEIPTS,
    VERSION,
    WRITTEN_BY,
    BadFile,
    CarriedReceipt,
    Head,
    lines,
    proven,
    receipts_of,
    written,
)
from ..contract.errors import BadRequest, EdgeAgentError
from ..contract.language import say
from ..gate.control.client import PATIENCE_S, ask_status, daemon_runs
from ..gate.daemon.assembly import Assembly
from ..gate.ledger.store.metadata import AT_BROKER
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
    with closing(Assembly(settings).store_for_reading()) as store:
        first, last = wanted or _confirmed(settings, store) + 1, store.tail().seq
        if first <= store.checkpoint().seq:
            raise BadRequest("carry.pruned", through=store.checkpoint().seq)
        count = max(0, last + 1 - first)
        head = Head(
            format=ENTRIES,
            version=VERSION,
            lines=count,
            gate=store.gate,
            ledger=store.ledger,
            first=first,
        )
        before = None
        if count:
            end = store.whole_entries(last, 1)[0].wire
            file = _place(file, head, end)
            before = _carried(file, head, end)
        if count and before is None:
            with new_private_file(file) as target:
                for line in written(head, _wires(store, first, last)):
                    target.write(line)
            with file.open("rb") as back:
                proven(back, file, ENTRIES)
    first, count = (before.first or 1, before.lines) if before else (first, count)
    if as_json:
        print_json({"file": str(file) if count else None, "entries": count, "first": first})
    elif count:
        told = "carry.carried-out-before" if before else "carry.carried-out"
        fields = {"count": count, "first": first, "last": first + count - 1}
        tell(say(told, file=file, receipts=receipts_of(str(file)), **fields))
        tell_if_on_own_disk(file, settings.store.path)
    else:
        tell(say("carry.nothing-waits"))


def _confirmed(settings: Settings, store: SqliteStore) -> int:
    """As a daemon that runs knows it, and status shows it: it writes that down only now and then,
    to spare the card."""
    kept, socket = store.watermarks().confirmed, Path(settings.control.socket)
    with suppress(EdgeAgentError):  # What is kept is less, and as good.
        if daemon_runs(socket):
            told = ask_status(socket, PATIENCE_S)["ledger"]
            return max(kept, told["confirmed_seq"]) if told["id"] == store.ledger else kept
    return kept


def _place(wanted: Path, head: Head, end: bytes) -> Path:
    """Where the entries go: in a folder to a name that tells whose they are and up to where, and
    from where on where the folder has less of them by that name."""
    if not wanted.is_dir():
        return wanted
    begin = f"{head.gate}.{str(head.ledger)[:8]}"
    usual = wanted / f"{begin}.{_last(head):09}.entries"
    if not os.path.lexists(usual) or _carried(usual, head, end):
        return usual
    with suppress(OSError), usual.open("rb") as there:
        try:
            proven(there, usual, ENTRIES)
        except BadFile as error:
            raise BadRequest("carry.not-whole", file=usual) from error
    return wanted / f"{begin}.{head.first:09}-{_last(head):09}.entries"


def _carried(file: Path, head: Head, end: bytes) -> Head | None:
    """What a whole file that is there already holds, where it is all of these entries; ``end`` is
    the last of them, and by its hash the word for those before it."""
    if not file.is_file():  # A pipe would be waited for.
        return None
    with suppress(OSError, BadFile), file.open("rb") as before:
        found = proven(before, file, ENTRIES)
        same = (found.gate, found.ledger, _last(found)) == (head.gate, head.ledger, _last(head))
        if same and (found.first or 0) <= (head.first or 0):
            return found if deque(lines(before), 1)[0] == end else None
    return None


def _last(head: Head) -> int:
    return (head.first or 0) + head.lines - 1


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
        at_broker = store.retired and store.remembered(AT_BROKER)
    done = carry_out(settings, TakeReceipt(receipt=receipt.decode()))
    if as_json:
        print_json(done)
        return
    told = "carry.confirmed" if done["new"] else "carry.confirmed-before"
    tell(say(told, through=done["confirmed"], waiting=done["waiting"]))
    if done["rejected"]:
        tell(say("status.rejected", count=done["rejected"]))
    if at_broker:
        tell(say("status.do-retire-again"))


def _receipt(file: Path, store: SqliteStore) -> bytes:
    """The receipt of this ledger; those of others on the same stick are theirs."""
    gates: list[str] = []
    with file.open("rb") as brought:
        proven(brought, file, RECEIPTS)
        for line in lines(brought):
            try:
                one = msgspec.json.decode(line, type=CarriedReceipt)
                ledger = msgspec.json.decode(one.receipt, type=_OfLedger).ledger
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                again = WRITTEN_BY[RECEIPTS]
                raise BadFile("carry.altered", file=file, again=again) from error
            if (one.gate, ledger) == (store.gate, store.ledger):
                return bytes(one.receipt)
            gates.append(one.gate)
    what = {"file": file, "gate": store.gate, "ledger": store.ledger}
    if not gates:
        raise BadRequest("carry.empty", **what)
    if store.gate not in gates:
        raise BadRequest("carry.of-other-gates", gates=sorted({*gates}), **what)
    raise BadRequest("carry.none-of-this-ledger", **what)


class _OfLedger(msgspec.Struct):
    ledger: str
