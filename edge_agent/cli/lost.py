"""``edge-agent templates lost``: somebody says that a backup is in unknown hands."""

from contextlib import closing, suppress

import click

from ..contract.errors import StoreFault
from ..contract.language import say
from ..gate.people.templates.requests import LoseBackup
from ..gate.replaced_sensors import ReplacedSensor
from ..gate.settings.schema import Settings
from .carry_out import carry_out, names_of
from .help import command
from .options import as_json, ask_a_person, with_settings, yes_option
from .retired import refuse_retired
from .sealed_backups import newly, next_of, shown_made, who_is_in, with_name
from .show import SHOWN_DIGITS, print_json
from .tell import tell


@command(name="lost", help="help.templates-lost")
@click.argument("backup")
@yes_option
@as_json
@with_settings
def templates_lost(settings: Settings, backup: str, yes: bool, as_json: bool) -> None:
    refuse_retired(settings)
    ask_a_person(yes, lambda: _asks(settings, backup))
    result = carry_out(settings, LoseBackup(backup=backup))
    if as_json:
        print_json(result)
        return
    mark, further = result["backup"][:SHOWN_DIGITS], next_of(settings)
    # A daemon of an older version does not tell who is in it.
    inside = who_is_in(result["workers"], names_of(settings), mark) if "workers" in result else ""
    tell(say("backup.lost-now", backup=mark, inside=inside))
    if count := result["not_backed_up"]:
        tell(say("backup.lost-lacks", count=count, whose=further.whose, newly=newly(result)))
    tell(say(further.after_loss))


def _asks(settings: Settings, typed: str) -> str:
    """What is asked. Raises BadRequest where the gate would refuse; a database that is not to be
    read it refuses itself, after the yes."""
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly
    from ..gate.people.refusals import listed_as

    assembly = Assembly(settings)
    with suppress(StoreFault, PermissionError), closing(assembly.store_for_reading()) as store:
        _, one = listed_as(store, typed)
        if not isinstance(one, ReplacedSensor):
            holder = with_name(store, one).holder or say("backup.holder-unknown")
            made = shown_made(one.made, assembly.zone)
            return say(
                "backup.lost-asks", backup=one.backup[:SHOWN_DIGITS], made=made, holder=holder
            )
    return say("backup.lost-asks-mark", backup=typed)
