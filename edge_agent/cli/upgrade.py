"""``edge-agent upgrade``: another version in the place of this one, and back."""

import os
from pathlib import Path

import click

from ..contract.errors import BadRequest
from ..contract.language import current, say
from ..gate.errors import NotPermitted, NotUpgraded
from ..gate.settings.load import load_settings
from ..gate.upgrade.bundle import read_signed, unpack
from ..gate.upgrade.conduct import Conductor, clear
from ..gate.upgrade.journal import read_journal, read_outcome
from ..gate.upgrade.machine import SystemMachine
from ..gate.upgrade.places import Places
from ..gate.upgrade.prepare import make_room, prepare
from ..gate.upgrade.prove import ask_sensor, prove
from .carry_out import undone_when_hung_up
from .help import command
from .options import FilePath, config_option
from .show import print_json
from .tell import tell


@command(help="help.upgrade")
@click.argument("file", required=False, type=FilePath(path_type=Path))
@click.option("--back", is_flag=True, help="help.upgrade-back")
@click.option("--go-on", is_flag=True, hidden=True)
@click.option("--prove", "copy", hidden=True, type=FilePath(path_type=Path))
@click.option("--ask-sensor", "sensor", is_flag=True, hidden=True)
@config_option
def upgrade(
    config: Path, file: Path | None, back: bool, go_on: bool, copy: Path | None, sensor: bool
) -> None:
    # The last three are asked by the unit, and of the new version by the one that runs.
    if go_on:
        _go_on()
    elif copy is not None:
        proof = prove(load_settings(config), copy)
        print_json({"alters": proof.alters, "entries": proof.entries})
    elif sensor:
        ask_sensor(load_settings(config))
    elif back == (file is not None):
        raise click.UsageError(say("upgrade.file-or-back"))
    else:
        _upgrade(config, file)


def _upgrade(config: Path, file: Path | None) -> None:
    if os.geteuid() != 0:
        raise NotPermitted("upgrade.takes-root")
    places = Places()
    if places.current is None:
        raise BadRequest("upgrade.not-by-versions")
    machine = SystemMachine(places, current())
    make_room(places)
    try:
        with undone_when_hung_up():
            new = _previous(places) if file is None else _laid_out(places, machine, config, file)
            entries = prepare(places, machine, new, config, current())
    except BaseException:
        clear(places)
        raise
    tell(say("upgrade.proved", new=new, count=entries))
    machine.conduct()
    if read_journal(places.journal) is not None:
        raise NotUpgraded("upgrade.not-ended")
    how = read_outcome(places.outcome)
    if how.name != "upgrade.done":
        raise NotUpgraded(how)
    tell(say(how))


def _previous(places: Places) -> str:
    if places.previous is None:
        raise BadRequest("upgrade.no-previous")
    return places.previous


def _laid_out(places: Places, machine: SystemMachine, config: Path, file: Path) -> str:
    content = read_signed(file, load_settings(config).upgrade.keys)
    tell(say("upgrade.signed", file=file))
    new = machine.lay_out(unpack(content, file, places.workshop / "bundle"))
    tell(say("upgrade.laid-out", new=new))
    return new


def _go_on() -> None:
    from ..gate.host.journal import log_to_stderr

    log_to_stderr("plain")
    places = Places()
    journal = read_journal(places.journal)
    if journal is not None:
        Conductor(places, SystemMachine(places, journal.language)).go_on()
