"""``edge-agent ledger``: check the ledger, copy it, and write it out for an auditor."""

import csv
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.atomic_file import new_private_file, refuse_unmounted
from ..contract.chain import Entry, read_wire
from ..contract.errors import BadRequest, StoreFault
from ..contract.formulas import harmless
from ..contract.language import Message, say
from ..contract.people import Holders
from ..contract.reasons import reason
from ..gate.daemon.assembly import Assembly
from ..gate.errors import NoLedgerYet, NotUpToDate
from ..gate.host.journal import log_to_stderr, on_the_journal
from ..gate.ledger.store.backup import backup as back_up
from ..gate.ledger.store.kept_backups import back_up_into
from ..gate.ledger.store.ledger_rows import Tail
from ..gate.ledger.store.sqlite_store import SqliteStore
from ..gate.ledger.store.verify import verify_ledger
from ..gate.settings.schema import Settings
from .help import group
from .options import FilePath, as_json, with_settings
from .show import print_json
from .tell import tell, tell_if_on_own_disk

log = logging.getLogger(__name__)

_BATCH = 500

_LOW_PRIORITY = 10

_COLUMNS = ("seq", "time", "kind", "worker", "name", "direction", "of", "reason", "clock", "hash")


def write_entries(store: SqliteStore, target: Path) -> int:
    """Write the whole ledger to the new file ``target``, and return the number of entries.

    ``.jsonl``: the entries' own bytes, one a line, which docs/examples/verify_export.py checks.
    ``.csv``: for Excel and LibreOffice, with the name of whoever had a code then, as it is
    written today. Only its owner may read the file. It is complete or not there. Raises BadRequest,
    StoreFault.
    """
    lines = {".jsonl": _json_lines, ".csv": _table}.get(target.suffix.lower())
    if lines is None:
        raise BadRequest("file.no-format", file=target)
    count = 0
    with new_private_file(target) as file:
        for line in lines(store):
            file.write(line)
            count += 1
    return count - 1


def _json_lines(store: SqliteStore) -> Iterator[bytes]:
    yield b""  # No head.
    for entry in _entries(store):
        yield entry.wire + b"\n"


def _table(store: SqliteStore) -> Iterator[bytes]:
    holders = store.holders()
    # Without the mark Excel takes the file for the machine's old code page: Nguyá»…n.
    yield b"\xef\xbb\xbf" + _row(_COLUMNS)
    for entry in _entries(store):
        try:
            _, data = read_wire(entry.wire)
        except ValueError as error:
            raise StoreFault(
                "ledger.unreadable-entry", seq=entry.seq, error=reason(error)
            ) from error
        yield _row(_cells(entry, data, holders))


def _cells(entry: Entry, data: dict[str, Any], holders: Holders) -> Iterator[object]:
    code = data.get("worker")
    yield entry.seq
    yield data["at"][:19].replace("T", " ") if data["at"] else "not known yet"
    yield entry.kind
    yield _code(code) if code else None
    yield _text(holders.at(code, entry.seq)) if code else None
    yield data.get("direction")
    yield data["of"] if isinstance(data.get("of"), int) else None
    yield _text(data.get("reason"))
    yield data["clock"]["state"]
    yield entry.hash.hex()


def _code(code: str) -> str:
    """Text that stays text: a spreadsheet makes 7 of 0007."""
    return f'="{code}"' if code.isascii() and code.isdigit() else str(_text(code))


def _text(text: object) -> str | None:
    return None if text is None else harmless(str(text))


def _row(cells: Any) -> bytes:
    line = _Line()
    csv.writer(line).writerow(cells)
    return line.text.encode()


class _Line:
    """Where the csv module writes one row to."""

    text = ""

    def write(self, text: str) -> None:
        self.text += text


def _entries(store: SqliteStore) -> Iterator[Entry]:
    first = store.checkpoint().seq + 1
    while entries := store.entries(first, _BATCH):
        yield from entries
        first = entries[-1].seq + 1


@group(help="help.ledger")
def ledger() -> None:
    """All that happened here."""


@ledger.command(help="help.ledger-verify")
@click.argument("file", type=FilePath(path_type=Path, dir_okay=False), required=False)
@click.option("--receipt", metavar="SEQ:HASH", help="help.receipt")
@as_json
@with_settings
def verify(settings: Settings, file: Path | None, receipt: str | None, as_json: bool) -> None:
    held = _receipt(receipt) if receipt is not None else None
    assembly = Assembly(settings)
    if file is None:
        store = assembly.store_for_reading()
    else:
        store = _copy(file, assembly.zone)
    tail, pruned = verify_ledger(store, held), store.checkpoint().seq
    if as_json:
        print_json(
            {
                "ledger": store.ledger,
                "entries": tail.seq,
                "pruned": pruned,
                "hash": tail.hash.hex(),
                "openings": store.count_openings(),
            }
        )
        return
    told = {
        "ledger": store.ledger,
        "entries": Message("ledger.entries", count=tail.seq),
        "hash": tail.hash.hex(),
    }
    if pruned:
        tell(say("ledger.unbroken-since", count=pruned, **told))
    else:
        tell(say("ledger.unbroken", **told))
    if held is not None:
        told_of = "ledger.of-receipt" if store.hash_of(held.seq) else "ledger.receipt-pruned"
        tell(say(told_of, seq=held.seq))
    if kept := store.count_openings():
        tell(say("ledger.openings", count=kept))


def _copy(file: Path, zone: ZoneInfo) -> SqliteStore:
    """What ``ledger backup`` has made."""
    try:
        return SqliteStore.read_only(file, zone)
    except NotUpToDate as fault:  # It is left as it was made: the daemon has nothing to do here.
        raise StoreFault("ledger.older-copy", file=file) from fault
    except NoLedgerYet as fault:
        raise NoLedgerYet("ledger.no-such-copy", file=file) from fault
    except StoreFault as fault:
        if fault.message.name == "store.unreadable":  # It says by whom it may be read.
            raise
        raise StoreFault(_what_it_is(file), file=file) from fault


def _what_it_is(file: Path) -> str:
    """An export is sound, and no copy: whoever has one is not to be told of damage."""
    with suppress(OSError), file.open("rb") as opened:
        begins = opened.read(len(_TABLE_BEGINS))
        if begins.startswith(_ENTRY_BEGINS):
            return "ledger.exported-no-copy-jsonl"
        if begins == _TABLE_BEGINS:
            return "ledger.exported-no-copy-csv"
    return "ledger.no-copy"


_ENTRY_BEGINS = b'{"specversion":'
_TABLE_BEGINS = b"\xef\xbb\xbf" + ",".join(_COLUMNS).encode()


@ledger.command(help="help.ledger-export")
@click.argument("file", type=FilePath(path_type=Path))
@as_json
@with_settings
def export(settings: Settings, file: Path, as_json: bool) -> None:
    store = Assembly(settings).store_for_reading()
    count = write_entries(store, file)
    if as_json:
        print_json({"file": str(file), "ledger": store.ledger, "entries": count})
    else:
        tell(say("ledger.exported", ledger=store.ledger, count=count, file=file))
        tell(say(f"ledger.exported-{file.suffix.lower().removeprefix('.')}"))


@ledger.command(help="help.ledger-backup")
@click.argument("file", type=FilePath(path_type=Path))
@as_json
@with_settings
def backup(settings: Settings, file: Path, as_json: bool) -> None:
    refuse_unmounted(file)
    assembly = Assembly(settings)
    if file.is_dir():
        kept = back_up_into(file, assembly.database, assembly.zone, assembly.clock.stamp())
        if as_json:
            print_json({"file": str(kept.file), "bytes": kept.bytes, "entries": kept.entries})
        else:
            tell(say("ledger.backed-up-into", file=kept.file, count=kept.entries))
            if not on_the_journal():  # Of each night's status tells.
                tell_if_on_own_disk(kept.file, settings.store.path)
        return
    size = back_up(assembly.database, file)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        tell(say("ledger.backed-up", file=file, size=size))
        tell_if_on_own_disk(file, settings.store.path)


@ledger.command(help="help.ledger-readable")
@with_settings
def readable(settings: Settings) -> None:
    from ..gate.ledger.damage.readable import write_readable

    log_to_stderr(settings.log.format)
    with suppress(OSError):  # The gate's unit lets no process change its priority; it pauses too.
        os.nice(_LOW_PRIORITY)
    try:
        write_readable(Assembly(settings).database)
    except OSError as error:
        log.warning("a damaged database could not be made readable: %s", error)


def _receipt(text: str) -> Tail:
    seq, _, digest = text.partition(":")
    try:
        tail = Tail(int(seq), bytes.fromhex(digest))
    except ValueError:
        tail = Tail(0, b"")
    if tail.seq < 1 or len(tail.hash) != 32:
        told = say("ledger.no-receipt", text=text)
        raise click.BadParameter(told, param_hint="--receipt")
    return tail
