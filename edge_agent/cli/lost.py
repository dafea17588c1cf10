"""``edge-agent templates lost``: somebody says that a backup is in unknown hands."""

from contextlib import closing, suppress

import click
from msgspec import structs

from ..contract.errors import StoreFault
from ..contract.language import say
from ..gate.people.templates.requests import LoseBackup
from ..gate.replaced_sensors import ReplacedSensor
from ..gate.settings.schema import Settings
from .carry_out import carry_out
from .help import command
from .options import as_json, ask_a_person, with_settings, yes_option
from .retired import refuse_retired
from .sealed_backups import next_of, shown_made, with_name
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
    tell(say("backup.lost-now", backup=result["backup"][:SHOWN_DIGITS]))
    if count := result["not_backed_up"]:
        # The key of the newest may be lost with it.
        lacks = structs.replace(next_of(settings), recipients=[])
        tell(say("backup.destroyed-lacks", count=count, whose=lacks.whose, seal=lacks.seal))
    tell(say("backup.lost-steps"))


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
