"""``edge-agent receive``: payroll's subscriber, and what belongs to its database."""

import logging
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.language import Message, say
from ..gate.host.journal import log_to_stderr
from ..gate.host.memory import write_no_core
from ..receiver.subscriber import Receiver
from .help import group
from .options import FilePath, way_to_broker
from .receive_office import (
    DATABASE,
    forget_roster,
    options_before,
    options_of,
    show_roster,
    who_punches_beside,
)
from .tell import tell, tell_notes

if TYPE_CHECKING:
    from ..receiver.roster.publish_roster import RosterDifference

log = logging.getLogger(__name__)


@group(
    help="help.receive",
    invoke_without_command=True,
    elsewhere={
        "carry": "receive_carry",
        "close": "receive_close",
        "closings": "receive_close",
        "correct": "receive_correct",
        "coverage": "receive_office",
        "diff": "receive_close",
        "export": "receive_office",
        "key": "receive_key",
        "leave": "receive_sheet",
        "retention": "receive_retention",
        "settle": "receive_settle",
        "sheet": "receive_sheet",
        "shifts": "receive_shifts",
        "site": "receive_sheet",
        "stolen": "receive_stolen",
    },
)
@click.option(
    "--config",
    type=FilePath(path_type=Path, readable=False),
    envvar="EDGE_AGENT_CONFIG",
    show_envvar=True,
    help="help.receive-config",
)
@click.option(
    "--database",
    default=DATABASE,
    show_default=True,
    help="help.receive-database",
)
@click.option("--host", help="help.receive-host")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="help.receive-port",
)
@way_to_broker(username="help.broker-username")
@click.option("--signing-key", help="help.receive-signing-key")
@click.option("--protocol", type=click.Choice(["auto", "5", "3.1.1"]), help="help.receive-protocol")
@click.pass_context
def receive(ctx: click.Context, /, config: Path | None, database: str, **flags: Any) -> None:
    """Subscribe as payroll: store every entry of every gate once, and answer with receipts."""
    if ctx.invoked_subcommand is not None:
        return
    log_to_stderr("plain")
    write_no_core()
    receiver = Receiver(options_of(config, database, **flags))
    stop_signals = {signal.SIGTERM, signal.SIGINT}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup(1) has it live on.
        stop_signals.add(signal.SIGHUP)
    stop = _until_told_to_stop(stop_signals)
    try:
        receiver.run(stop)
    except BaseException:  # Where it ended in good order, a second Ctrl-C changes nothing.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stop_signals)
        raise


def _until_told_to_stop(stop_signals: set[signal.Signals]) -> threading.Event:
    """Set by SIGTERM, Ctrl-C or a terminal that goes; on a thread of its own, because a handler
    would run on the main thread, and wait there for ever for the lock of the event that it has
    interrupted.
    """
    stop = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)

    def wait() -> None:
        if signal.sigwait(stop_signals) == signal.SIGHUP:
            log.warning("the terminal has gone (SIGHUP), and the receiver with it")
        stop.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop


@receive.group(help="help.roster")
def roster() -> None:
    """Payroll's list of workers, for all gates."""


@roster.command("import", help="help.roster-import")
@click.argument("file", type=FilePath(exists=True, dir_okay=False, path_type=Path))
@click.option("--version", type=click.IntRange(1), required=True, help="help.roster-version")
@click.option("--dry-run", is_flag=True, help="help.roster-dry-run")
@click.option("--force", is_flag=True, help="help.roster-force")
@click.pass_context
def import_(ctx: click.Context, /, file: Path, version: int, dry_run: bool, force: bool) -> None:
    """Publish the workers in FILE, CSV or XLSX, as the roster of all gates."""
    from ..receiver.roster.publish_roster import publish_roster
    from ..receiver.roster.roster_file import read_roster_file

    listed = read_roster_file(file)
    workers = listed.workers
    tell_notes(file, listed.notes)
    tell(say(who_punches_beside(workers, str(options_before(ctx)["database"]))))
    difference = publish_roster(
        options_of(**options_before(ctx)), workers, version, dry_run=dry_run, force=force
    )
    _tell_difference(len(workers), difference)
    done = Message("roster.published", version=version)
    tell(say("roster.not-published" if dry_run else done))


def _tell_difference(count: int, difference: "RosterDifference") -> None:
    if difference.before:
        tell(say("roster.beside", count=count, version=difference.before))
    else:
        tell(say("roster.beside-none", count=count))
    for message, none, codes in (
        ("roster.new", "roster.none-new", difference.added),
        ("roster.changed", "roster.none-changed", difference.changed),
        ("roster.left-out", "roster.none-left-out", difference.left_out),
    ):
        told = say(message, number=len(codes), codes=codes) if codes else say(none)
        tell(f"  {told}")
    for doubt in difference.doubts:
        tell(f"  {say(doubt)}", err=True)


roster.add_command(forget_roster)
roster.add_command(show_roster)
