"""``edge-agent templates``: backups of the sensor's templates, sealed to age keys."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ..contract.atomic_file import refuse_existing
from ..contract.language import Message, received, say
from ..gate.daemon.assembly import Assembly
from ..gate.host.memory import write_no_core
from ..gate.people.templates.backup_file import Backup, Record
from ..gate.people.templates.requests import (
    AskCourier,
    BeginBackup,
    BeginRestore,
    KeepBackup,
    RestorePrints,
    SealPrints,
)
from ..gate.people.templates.sealing import AgeSealing
from ..gate.settings.schema import Settings
from . import sealed_files
from .carry_out import Perform, at_the_gate
from .help import group
from .options import FilePath, as_json, ask_a_person, with_settings, yes_option
from .sealed_backups import held_by_option
from .show import print_json
from .tell import tell, tell_if_on_own_disk

_file = FilePath(path_type=Path, dir_okay=False)


@group(
    help="help.templates",
    elsewhere={
        "destroyed": "sealed_backups",
        "list": "sealed_backups",
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
    with at_the_gate(settings) as perform:
        result = _seal_into(file, recipients, held_by, perform)
    if as_json:
        print_json(result)
    else:
        tell(say("backup.sealed", sealed=result["sealed"], count=result["prints"], file=file))
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
        begun = perform(BeginBackup(recipients=recipients, held_by=held_by))
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
@click.option("--any-model", is_flag=True, help="help.any-model")
@yes_option
@as_json
@with_settings
def restore(
    settings: Settings, file: Path, identity: Path, any_model: bool, yes: bool, as_json: bool
) -> None:
    sealing = Assembly(settings).sealing()
    opened = sealed_files.open_backup(file, identity, sealing)
    outcomes: list[dict[str, Any]] = []
    with at_the_gate(settings) as perform:
        begun = perform(
            BeginRestore(
                system_id=opened.header.system_id,
                any_model=any_model,
                digests=[record.digest for record in opened.records],
                backup=opened.header.backup,
            )
        )
        if not begun.get("erasures_known", True):
            _ask_about_erasures(opened, yes)
        at_once = begun["at_once"]
        courier = perform(AskCourier())["recipient"]
        with _progress(say("backup.restoring"), len(opened.records)) as advance:
            for at in range(0, len(opened.records), at_once):
                batch = opened.records[at : at + at_once]
                outcomes += perform(_request(opened, batch, sealing, courier))["outcomes"]
                advance(len(batch))
    _tell(outcomes, as_json)


def _ask_about_erasures(opened: Backup, yes: bool) -> None:
    """The gate has not made this file: whoever was erased since may be in it."""
    codes = sorted({record.worker for record in opened.records})
    told = {"origin": opened.header.gate, "at": opened.header.at or "?", "codes": codes}
    tell(say("backup.erasures-not-known", **told), err=True)
    ask_a_person(yes, lambda: say("backup.restore-asks"))


def _request(
    opened: Backup, batch: list[Record], sealing: AgeSealing, courier: str
) -> RestorePrints:
    # Sealed again, to a key that only the process at the sensor has.
    return RestorePrints(
        gate=opened.header.gate,
        backup=opened.header.backup,
        sealed=[sealing.seal(record.line(), [courier]) for record in batch],
    )


def _tell(outcomes: list[dict[str, Any]], as_json: bool) -> None:
    count = {
        word: sum(outcome["outcome"] == word for outcome in outcomes)
        for word in ("restored", "present", "left-out")
    }
    if as_json:
        print_json(outcomes)
    else:
        present = Message("backup.present", count=count["present"])
        tell(say("backup.restored", count=count["restored"], present=present))
    for outcome in outcomes:
        if outcome["outcome"] == "left-out":
            told = {"finger": outcome["finger"], "code": outcome["worker"], "why": _why(outcome)}
            tell(say("backup.left-out", **told), err=True)
    if count["left-out"]:
        click.get_current_context().exit(1)


def _why(told: dict[str, Any]) -> Message:
    """The reason that an answer tells; a daemon of an older version tells it in English."""
    return received(told["why"], told.get("name") or "", told.get("fields") or {})


@contextmanager
def _progress(what: str, total: int) -> Iterator[Any]:
    """A bar on stderr, where that is a terminal."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(
        length=total, label=what, show_pos=True, file=sys.stderr, hidden=hidden
    ) as bar:
        yield bar.update
