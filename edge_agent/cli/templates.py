"""``edge-agent templates``: backups of the sensor's templates, sealed to age keys."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.atomic_file import refuse_existing
from ..contract.errors import BadRequest
from ..contract.language import Message, received, say
from ..contract.stamps import local_time, parse_time
from ..gate.daemon.assembly import Assembly
from ..gate.host.memory import write_no_core
from ..gate.people.templates.backup_file import Backup, Record
from ..gate.people.templates.records import LEFT_OUT, PRESENT, RESTORED, TO_RESTORE
from ..gate.people.templates.requests import (
    AskCourier,
    BeginBackup,
    BeginRestore,
    KeepBackup,
    ListedPrint,
    PreviewRestore,
    RestorePrints,
    SealPrints,
)
from ..gate.people.templates.sealing import AgeSealing
from ..gate.settings.schema import Settings
from . import sealed_files
from .carry_out import Perform, at_the_gate
from .help import group, line_with
from .options import FilePath, as_json, ask_a_person, with_settings, yes_option
from .sealed_backups import held_by_option, next_of, whereabouts
from .show import SHOWN_DIGITS, print_json, who
from .tell import tell, tell_if_on_own_disk, width
from .worker_words import fingers_of

_file = FilePath(path_type=Path, dir_okay=False)


@group(
    help="help.templates",
    elsewhere={
        "destroyed": "destroyed",
        "list": "sealed_backups",
        "lost": "lost",
        "reseal": "reseal",
    },
)
def templates() -> None:
    """What the sensor holds, somewhere else."""
    write_no_core()


@templates.command(help="help.templates-backup")
@click.argument("file", type=_file)
@sealed_files.with_recipients
@held_by_option
@as_json
@with_settings
def backup(
    settings: Settings,
    file: Path,
    named: tuple[str, ...],
    listed: tuple[Path, ...],
    held_by: str | None,
    as_json: bool,
) -> None:
    recipients = sealed_files.recipients(named, listed)
    refuse_existing(file)
    if not recipients and (last := next_of(settings).recipients):
        keys = [word for key in last for word in ("-r", key)]
        line = line_with(click.get_current_context(), *keys)
        raise BadRequest("backup.no-recipient-again", line=line)
    with at_the_gate(settings) as perform:
        result = _seal_into(file, recipients, held_by, perform)
    if as_json:
        print_json(result)
    else:
        tell(say("backup.sealed", sealed=result["sealed"], count=result["prints"], file=file))
        tell(say("backup.its-mark", backup=result["backup"][:SHOWN_DIGITS]))
        tell_if_on_own_disk(file, settings.store.path)
    if result["missing"]:
        for print_ in result["missing"]:
            told = {"finger": print_["finger"], "code": print_["worker"], "why": _why(print_)}
            tell(say("backup.not-in-it", **told), err=True)
        click.get_current_context().exit(1)


def _seal_into(
    file: Path, recipients: list[str], held_by: str | None, perform: Perform
) -> dict[str, Any]:
    missing: list[dict[str, str]] = []
    # The file first: the gate remembers for good what it has begun, and would ask for it for years.
    with sealed_files.new_sealed_file(file) as lines:
        begun = perform(BeginBackup(recipients=recipients, held_by=held_by, file=whereabouts(file)))
        backup, total = begun["backup"], begun["prints"]
        lines.append(begun["header"].encode())
        with _progress(say("backup.sealing"), total) as advance:
            while len(lines) <= total:
                answer = perform(SealPrints(backup=backup, first=len(lines)))
                lines += (line.encode() for line in answer["sealed"])
                missing += answer["missing"]
                advance(len(answer["sealed"]))
    perform(KeepBackup(backup=backup))
    sealed = total - len(missing)
    return {"backup": backup, "prints": total, "sealed": sealed, "missing": missing}


@templates.command(help="help.templates-restore")
@click.argument("file", type=_file)
@sealed_files.with_identity
@click.option("--dry-run", is_flag=True, help="help.restore-dry-run")
@click.option("--any-model", is_flag=True, help="help.any-model")
@yes_option
@as_json
@with_settings
def restore(
    settings: Settings,
    file: Path,
    identity: Path,
    dry_run: bool,
    any_model: bool,
    yes: bool,
    as_json: bool,
) -> None:
    assembly = Assembly(settings)
    sealing, zone = assembly.sealing(), assembly.zone
    opened = sealed_files.open_backup(file, identity, sealing)
    sealed_files.tell_if_key_stays(identity, settings.store.path)
    if dry_run and not as_json:  # Before the sensor is asked: of the file it is all there is.
        _tell_good(file, opened, zone)
    with at_the_gate(settings) as perform:
        begun = perform(
            BeginRestore(
                system_id=opened.header.system_id,
                any_model=any_model,
                digests=[record.digest for record in opened.records],
                backup=opened.header.backup,
            )
        )
        previewed = _preview(opened, perform)
        unknown = not begun.get("erasures_known", True)
        if unknown and not dry_run:
            _ask_about_erasures(opened, zone, yes)
        removed = _tell_removed(previewed, opened)
        if removed and not dry_run:
            ask_a_person(yes, lambda: say("backup.restore-asks"))
        if (unknown or removed) and dry_run:
            tell(say("backup.will-ask"), err=True)
        outcomes = previewed if dry_run else _restore(opened, sealing, perform, begun["at_once"])
    _tell(outcomes, opened, dry_run, as_json)


def _preview(opened: Backup, perform: Perform) -> list[dict[str, Any]]:
    """What would become of each record; nothing is changed."""
    outcomes: list[dict[str, Any]] = []
    for at in range(0, len(opened.records), _PREVIEWED_AT_ONCE):
        batch = opened.records[at : at + _PREVIEWED_AT_ONCE]
        records = [ListedPrint.of(one) for one in batch]
        outcomes += perform(PreviewRestore(records=records))["outcomes"]
    return outcomes


_PREVIEWED_AT_ONCE = 50
"""Records whose names, however long, a request has room for."""


def _restore(
    opened: Backup, sealing: AgeSealing, perform: Perform, at_once: int
) -> list[dict[str, Any]]:
    outcomes: list[dict[str, Any]] = []
    courier = perform(AskCourier())["recipient"]
    with _progress(say("backup.restoring"), len(opened.records)) as advance:
        for at in range(0, len(opened.records), at_once):
            batch = opened.records[at : at + at_once]
            outcomes += perform(_request(opened, batch, sealing, courier))["outcomes"]
            advance(len(batch))
    return outcomes


def _tell_good(file: Path, opened: Backup, zone: ZoneInfo) -> None:
    workers = {record.worker for record in opened.records}
    told = {"file": file, "workers": len(workers), **_made(opened, zone)}
    tell(say("backup.good", count=len(opened.records), **told))


def _made(opened: Backup, zone: ZoneInfo) -> dict[str, str]:
    """Of which gate a file is, and when it was made, by the time of this one."""
    at = "?"
    with suppress(ValueError):  # In the clear, and so whatever somebody has written there.
        at = local_time(parse_time(opened.header.at or ""), zone)
    return {"gate": opened.header.gate, "at": at}


def _ask_about_erasures(opened: Backup, zone: ZoneInfo, yes: bool) -> None:
    """The gate has not made this file: whoever was erased since may be in it."""
    codes = sorted({record.worker for record in opened.records})
    tell(say("backup.erasures-not-known", codes=codes, **_made(opened, zone)), err=True)
    ask_a_person(yes, lambda: say("backup.restore-asks"))


def _tell_removed(previewed: list[dict[str, Any]], opened: Backup) -> bool:
    """Whether somebody has removed some of them here since: whoever only tries a file must not undo
    that."""
    removed = [one for one in previewed if one.get("removed")]
    for fingers, whose in _by_worker(removed, opened):
        tell(say("backup.removed-here", fingers=fingers, whose=whose), err=True)
    return bool(removed)


def _request(
    opened: Backup, batch: list[Record], sealing: AgeSealing, courier: str
) -> RestorePrints:
    # Sealed again, to a key that only the process at the sensor has.
    return RestorePrints(
        gate=opened.header.gate,
        backup=opened.header.backup,
        sealed=[sealing.seal(record.line(), [courier]) for record in batch],
    )


def _tell(outcomes: list[dict[str, Any]], opened: Backup, dry_run: bool, as_json: bool) -> None:
    done = TO_RESTORE if dry_run else RESTORED
    found = {
        word: [one for one in outcomes if one["outcome"] == word]
        for word in (done, PRESENT, LEFT_OUT)
    }
    if as_json:
        print_json(outcomes)
    else:
        for fingers, whose in _by_worker(found[done], opened):
            tell(say(f"backup.{done}-of", fingers=fingers, whose=whose))
        present = Message("backup.present", count=len(found[PRESENT]))
        tell(say(f"backup.{done}", count=len(found[done]), present=present))
    names = _names(opened)
    for one in found[LEFT_OUT]:
        told = {"finger": one["finger"], "whose": who(one["worker"], names), "why": _why(one)}
        tell(say("backup.to-leave-out" if dry_run else "backup.left-out", **told), err=True)
    if found[LEFT_OUT]:
        click.get_current_context().exit(1)


def _by_worker(
    outcomes: list[dict[str, Any]], opened: Backup
) -> Iterator[tuple[list[str], Message | str]]:
    """The fingers of each worker, and whose they are."""
    fingers: dict[str, list[str]] = {}
    for one in outcomes:
        fingers.setdefault(one["worker"], []).append(one["finger"])
    names = _names(opened)
    for code, of_one in fingers.items():
        yield fingers_of(of_one), who(code, names)


def _names(opened: Backup) -> dict[str, str]:
    return {record.worker: record.name for record in opened.records}


def _why(told: dict[str, Any]) -> Message:
    """The reason that an answer tells; a daemon of an older version tells it in English."""
    return received(told["why"], told.get("name") or "", told.get("fields") or {})


@contextmanager
def _progress(what: str, total: int) -> Iterator[Any]:
    """A bar on stderr, where that is a terminal."""
    hidden, columns = not sys.stderr.isatty(), width()
    has_room = columns >= _ROOM_FOR_TIME
    beside = len(f"{what}  []  {total}/{total}") + len("  00:00:00") * has_room
    with click.progressbar(
        length=total,
        label=what,
        width=max(1, min(_LONGEST_BAR, columns - 1 - beside)),
        show_eta=has_room,
        show_pos=True,
        file=sys.stderr,
        hidden=hidden,
    ) as bar:
        yield bar.update


_LONGEST_BAR = 36

_ROOM_FOR_TIME = 60
"""Columns. Each step of a bar that is wider than its terminal would be a line of its own."""
