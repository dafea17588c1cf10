"""``edge-agent templates list`` and ``destroyed``: which backups there are, and which must go."""

from zoneinfo import ZoneInfo

import click

from ..contract.language import say
from ..gate.people.templates.requests import DestroyBackup
from ..gate.sealed_backups import SealedBackup
from ..gate.settings.schema import Settings
from .carry_out import carry_out
from .help import command
from .options import as_json, with_settings
from .show import SHOWN_DIGITS, print_json, print_table, shown_day
from .tell import tell

held_by_option = click.option("--held-by", metavar="WHO", help="help.held-by")


@command(name="list", help="help.templates-list")
@as_json
@with_settings
def templates_list(settings: Settings, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    found = assembly.store_for_reading().sealed_backups()
    if as_json:
        print_json(found)
        return
    print_table(
        ("backup", "made", "prints", "holder", "state"),
        (
            (
                one.backup[:SHOWN_DIGITS],
                shown_day(one.made_on(assembly.zone)),
                one.prints,
                one.holder or (say("backup.replaced-sensor") if one.in_sensor else ""),
                state_of_backup(one),
            )
            for one in found
        ),
        empty=say("backup.none-listed"),
    )


@command(name="destroyed", help="help.templates-destroyed")
@click.argument("backup")
@as_json
@with_settings
def templates_destroyed(settings: Settings, backup: str, as_json: bool) -> None:
    result = carry_out(settings, DestroyBackup(backup=backup))
    if as_json:
        print_json(result)
    else:
        told = "backup.sensor-gone" if result.get("in_sensor") else "backup.destroyed-now"
        tell(say(told, backup=result["backup"][:SHOWN_DIGITS]))
        if count := result.get("not_backed_up"):  # A daemon of an older version does not tell.
            tell(say("backup.destroyed-lacks", count=count))


def state_of_backup(one: SealedBackup) -> str:
    """What is to be done with a backup, for people."""
    if one.destroyed is not None:
        return say("backup.state-destroyed", at=one.destroyed)
    if one.in_sensor is not None:
        told = "backup.state-in-sensor-erased" if one.erased else "backup.state-in-sensor"
        return say(told, count=sum(one.in_sensor.values()), codes=one.erased)
    if one.erased:
        return say("backup.state-erased", codes=one.erased)
    return say("backup.state-replaced" if one.replaced_by else "backup.state-kept")


def tell_to_destroy(one: SealedBackup, zone: ZoneInfo) -> None:
    """That a backup must not be kept, and how it is said that it is no more."""
    digits = one.backup[:SHOWN_DIGITS]
    made = shown_day(one.made_on(zone)) or "?"
    told = {"backup": digits, "made": made, "holder": one.holder or "?"}
    asks = "backup.to-destroy" if one.in_sensor is None else "backup.sensor-to-destroy"
    tell(say(asks, state=state_of_backup(one), **told), err=True)
