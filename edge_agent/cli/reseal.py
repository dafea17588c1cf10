"""``edge-agent templates reseal``: the next sealed file, without whoever was erased."""

from pathlib import Path

import click
from msgspec.structs import replace

from ..contract.atomic_file import refuse_existing
from ..contract.language import say
from ..gate.daemon.assembly import Assembly
from ..gate.people.templates.backup_file import line_hash, sealed_line
from ..gate.people.templates.requests import BeginReseal, KeepReseal
from ..gate.settings.schema import Settings
from . import sealed_files
from .carry_out import at_the_gate
from .help import command
from .options import FilePath, as_json, with_settings, writes_to
from .sealed_backups import held_by_option, whereabouts
from .show import SHOWN_DIGITS, print_json
from .tell import tell, tell_if_on_own_disk

_file = FilePath(path_type=Path, dir_okay=False)


@command(name="reseal", help="help.templates-reseal")
@click.argument("file", type=_file)
@click.option("--without", multiple=True, metavar="CODE", help="help.reseal-without")
@writes_to("help.reseal-output", "NEWFILE", required=True)
@sealed_files.with_identity
@sealed_files.with_recipients
@held_by_option
@as_json
@with_settings
def reseal(
    settings: Settings,
    file: Path,
    without: tuple[str, ...],
    output: Path,
    identity: Path,
    named: tuple[str, ...],
    listed: tuple[Path, ...],
    held_by: str | None,
    as_json: bool,
) -> None:
    refuse_existing(output)
    sealing = Assembly(settings).sealing()
    opened = sealed_files.open_backup(file, identity, sealing)
    sealed_files.tell_if_key_stays(identity, settings.store.path)
    stated = sealed_files.recipients(named, listed)
    with at_the_gate(settings) as perform:
        begun = perform(
            BeginReseal(
                backup=opened.header.backup,
                gate=opened.header.gate,
                system_id=opened.header.system_id,
                workers=[record.worker for record in opened.records],
                without=list(without),
                recipients=stated or opened.header.recipients,
                held_by=held_by,
                file=whereabouts(output),
            )
        )
        header = begun["header"].encode()
        kept = [one for one in opened.records if one.worker not in begun["left_out"]]
        with sealed_files.new_sealed_file(output) as lines:
            lines.append(header)
            for place, record in enumerate(kept, 1):
                anew = replace(record, header=line_hash(header), place=place)
                sealed = sealing.seal(anew.line(), stated or opened.header.recipients)
                lines.append(sealed_line(sealed))
        made = opened.header.at
        perform(KeepReseal(backup=begun["backup"], replaces=opened.header.backup, made=made))
    if as_json:
        told = {"backup": begun["backup"], "replaces": opened.header.backup}
        print_json({**told, "prints": len(kept), "left_out": begun["left_out"]})
    else:
        old = opened.header.backup[:SHOWN_DIGITS]
        told = {"file": output, "count": len(kept), "codes": begun["left_out"]}
        tell_if_on_own_disk(output, settings.store.path)
        if held_by is None and (holder := begun.get("holder")):
            tell(say("backup.same-holder", holder=holder))
        tell(say("backup.its-mark", backup=begun["backup"][:SHOWN_DIGITS]))
        tell(say("backup.resealed", old=old, old_file=file, identity=identity, **told))
