"""``edge-agent templates destroyed``: somebody says that a backup, or an old sensor, is no more."""

import os.path
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from ..contract.errors import BadRequest, StoreFault
from ..contract.language import Message, say
from ..gate.people.templates.backup_file import BadBackup, read_header
from ..gate.people.templates.requests import DestroyBackup
from ..gate.replaced_sensors import ReplacedSensor
from ..gate.settings.schema import Settings
from .carry_out import carry_out
from .help import command
from .options import as_json, ask_a_person, with_settings, yes_option
from .retired import refuse_retired
from .sealed_backups import newly, next_of, shown_made, tell_what_stays, with_name
from .sealed_files import read_file
from .show import SHOWN_DIGITS, print_json, shown_day
from .tell import tell

if TYPE_CHECKING:
    from ..gate.ledger.store.sqlite_store import SqliteStore


@command(name="destroyed", help="help.templates-destroyed")
@click.argument("backup")
@yes_option
@as_json
@with_settings
def templates_destroyed(settings: Settings, backup: str, yes: bool, as_json: bool) -> None:
    refuse_retired(settings)
    beware, question = _asks(settings, backup)
    if not yes:
        tell(say(beware), err=True)
    ask_a_person(yes, lambda: question)
    result = carry_out(settings, DestroyBackup(backup=backup))
    if as_json:
        print_json(result)
    else:
        done = "backup.sensor-gone" if result.get("in_sensor") else "backup.destroyed-now"
        tell(say(done, backup=result["backup"][:SHOWN_DIGITS]))
        if count := result.get("not_backed_up"):  # A daemon of an older version does not tell.
            lacks = next_of(settings)
            told = {"whose": lacks.whose, "newly": newly(result), "seal": lacks.seal}
            tell(say("backup.destroyed-lacks", count=count, **told))


def _asks(settings: Settings, typed: str) -> tuple[Message, str]:
    """What is no destruction, and what is asked. Raises BadRequest where the file lies there, and
    where the gate would refuse; a database that is not to be read it refuses itself, after the yes.
    """
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly
    from ..gate.people.refusals import listed_as

    assembly = Assembly(settings)
    with suppress(StoreFault, PermissionError), closing(assembly.store_for_reading()) as store:
        _refuse_what_is_there(Path(typed), store, assembly.zone)
        _, one = listed_as(store, typed)
        if isinstance(one, ReplacedSensor):
            made = shown_day(one.replaced_on(assembly.zone)) or say("backup.day-unknown")
            told = {"backup": one.mark[:SHOWN_DIGITS], "made": made}
            return Message("backup.sensor-lost"), say("backup.sensor-gone-asks", **told)
        if one.file is not None:
            _refuse_what_is_there(Path(one.file), store, assembly.zone, one.backup)
        tell_what_stays(store, assembly.zone, one)
        holder = with_name(store, one).holder or say("backup.holder-unknown")
        told = {"made": shown_made(one.made, assembly.zone), "holder": holder}
        asks = "backup.destroyed-asks" if one.file is None else "backup.destroyed-asks-file"
        mark = one.backup[:SHOWN_DIGITS]
        beware = Message("backup.one-lost-is-not-destroyed", backup=mark)
        if one.lost is not None:
            beware = Message("backup.lost-before", backup=mark, day=one.lost)
        return beware, say(asks, backup=mark, file=one.file, **told)
    beware = Message("backup.lost-is-not-destroyed")
    return beware, say("backup.destroyed-asks-mark", backup=typed)


def _refuse_what_is_there(
    file: Path, store: "SqliteStore", zone: ZoneInfo, wanted: str | None = None
) -> None:
    """Raise BadRequest where a backup lies there, with its mark and what is to be done with it: not
    every one that somebody names is to be destroyed. ``wanted``: only this one."""
    if not os.path.isfile(file):  # Not Path.is_file, which raises where nobody may look.
        return
    try:
        header = read_header(read_file(file).split(b"\n", 1)[0])
    except BadBackup:  # One of another kind has no mark.
        return
    if wanted not in (None, header.backup):  # Another one was written there since.
        return
    mark = header.backup[:SHOWN_DIGITS]
    listed = next((one for one in store.sealed_backups() if one.backup == header.backup), None)
    if listed is None:
        raise BadRequest("backup.file-not-listed", file=file, backup=mark, gate=header.gate)
    if listed.destroyed is not None:
        raise BadRequest("backup.file-not-destroyed", file=file, backup=mark, day=listed.destroyed)
    tell_what_stays(store, zone, listed)
    told = "backup.file-still-there" if listed.to_destroy else "backup.file-is-kept"
    raise BadRequest(told, file=file, backup=mark)
