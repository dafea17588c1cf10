"""``edge-agent templates list`` and ``destroyed``: which backups there are, and which must go."""

from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ..contract.errors import BadRequest
from ..contract.language import say
from ..gate.people.templates.backup_file import read_header
from ..gate.people.templates.requests import DestroyBackup
from ..gate.replaced_sensors import ReplacedSensor
from ..gate.sealed_backups import SealedBackup
from ..gate.settings.schema import Settings
from .carry_out import carry_out
from .help import command
from .options import as_json, with_settings
from .sealed_files import read_file
from .show import SHOWN_DIGITS, print_json, print_table, shown_day, shown_moment
from .tell import tell

held_by_option = click.option("--held-by", metavar="WHO", help="help.held-by")


@command(name="list", help="help.templates-list")
@as_json
@with_settings
def templates_list(settings: Settings, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    store = assembly.store_for_reading()
    found = store.sealed_backups()
    if as_json:
        print_json(found)
        return
    files = (
        (
            one.backup[:SHOWN_DIGITS],
            shown_moment(one.made_at(assembly.zone)),
            one.prints,
            say("backup.held-by", holder=one.holder) if one.holder else say("backup.held-by-none"),
            state_of_backup(one),
        )
        for one in found
    )
    sensors = (
        (
            one.mark[:SHOWN_DIGITS],
            shown_day(one.replaced_on(assembly.zone)),
            len(one.holds),
            say("backup.replaced-sensor"),
            state_of_sensor(one),
        )
        for one in store.replaced_sensors()
    )
    print_table(
        ("mark", "made", "prints", "what-held", "state"),
        (*files, *sensors),
        empty=say("backup.none-listed"),
    )


@command(name="destroyed", help="help.templates-destroyed")
@click.argument("backup")
@as_json
@with_settings
def templates_destroyed(settings: Settings, backup: str, as_json: bool) -> None:
    _refuse_what_is_there(backup)
    result = carry_out(settings, DestroyBackup(backup=backup))
    if as_json:
        print_json(result)
    else:
        told = "backup.sensor-gone" if result.get("in_sensor") else "backup.destroyed-now"
        tell(say(told, backup=result["backup"][:SHOWN_DIGITS]))
        if count := result.get("not_backed_up"):  # A daemon of an older version does not tell.
            tell(say("backup.destroyed-lacks", count=count))


def _refuse_what_is_there(typed: str) -> None:
    """Raises BadRequest where a sealed file is named, and lies there, with the mark it goes by."""
    file = Path(typed)
    try:
        header = read_header(read_file(file).split(b"\n", 1)[0]) if file.is_file() else None
    except BadRequest:  # One of another kind has no mark.
        return
    if header is not None:
        mark = header.backup[:SHOWN_DIGITS]
        raise BadRequest("backup.file-still-there", file=file, backup=mark)


def state_of_backup(one: SealedBackup) -> str:
    """What is to be done with a backup, for people."""
    if one.destroyed is not None:
        return say("backup.state-destroyed", at=one.destroyed)
    if one.erased:
        return say("backup.state-erased", codes=one.erased)
    return say("backup.state-replaced" if one.replaced_by else "backup.state-kept")


def state_of_sensor(one: ReplacedSensor) -> str:
    """What is to be done with a sensor that was replaced, for people."""
    if one.destroyed is not None:
        return say("backup.state-destroyed", at=one.destroyed)
    told = "backup.state-in-sensor-erased" if one.erased else "backup.state-in-sensor"
    return say(told, count=len(one.holds), codes=one.erased)


def tell_to_destroy(
    one: SealedBackup | ReplacedSensor, zone: ZoneInfo, *, retired: bool = False
) -> None:
    """That it must not be kept, and how it is said that it is no more: on paper, where the gate is
    ``retired`` and writes nothing any more."""
    ending = "-retired" if retired else ""
    if isinstance(one, ReplacedSensor):
        told = {"backup": one.mark[:SHOWN_DIGITS], "made": _day(one.replaced_on(zone))}
        asks = f"backup.sensor-to-destroy{ending}"
        tell(say(asks, state=state_of_sensor(one), **told), err=True)
    else:
        told = {"backup": one.backup[:SHOWN_DIGITS], "made": _day(one.made_on(zone))}
        told["holder"] = one.holder or say("backup.holder-unknown")
        asks = f"backup.to-destroy{ending}"
        tell(say(asks, state=state_of_backup(one), **told), err=True)


def _day(day: str | None) -> str:
    return shown_day(day) or say("backup.day-unknown")
