"""``edge-agent receive``: payroll's subscriber, and what belongs to its database."""

import signal
import threading
from pathlib import Path
from typing import Any

import click
import msgspec

from ..domain.errors import BadRequest
from ..host.logs import log_to_stderr
from ..receiver import Receiver, ReceiverOptions
from ..settings import load_settings
from .receive_office import correct, export_month


@click.group(invoke_without_command=True)
@click.option(
    "--config",
    type=click.Path(path_type=Path, readable=False),
    envvar="EDGE_AGENT_CONFIG",
    show_envvar=True,
    help="Take broker, port, tls, CA, protocol and root from a gate's settings file.",
)
@click.option(
    "--database",
    default="payroll.db",
    show_default=True,
    help="SQLite file, or postgresql://… without a password.",
)
@click.option("--host", help="The broker.  [default: localhost]")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Its port.  [default: 8883 with TLS, 1883 without]",
)
@click.option(
    "--tls",
    type=click.Choice(["auto", "on", "off"]),
    help="auto: TLS, unless the host is this machine.  [default: auto]",
)
@click.option("--ca-file", help="Certificate of the CA that vouches for the broker (PEM).")
@click.option("--cert-file", help="Our certificate, where the broker asks for one (PEM).")
@click.option("--key-file", help="The key to it.")
@click.option("--username", help="The broker's name for us; the gate's own is never taken over.")
@click.option("--password-file", help="A file of mode 0600 with the password in one line.")
@click.option("--root", help="The root of the topics.  [default: attendance]")
@click.option("--protocol", type=click.Choice(["auto", "5", "3.1.1"]), help="[default: auto]")
@click.pass_context
def receive(ctx: click.Context, /, config: Path | None, database: str, **flags: Any) -> None:
    """Subscribe as payroll: store every entry of every gate once, and answer with receipts."""
    if ctx.invoked_subcommand is not None:
        return
    wanted: dict[str, Any] = {}
    if config is not None:
        mqtt = load_settings(config).mqtt
        taken = ("host", "port", "tls", "ca_file", "protocol", "root")
        wanted = {name: getattr(mqtt, name) for name in taken}
    wanted |= {name: value for name, value in flags.items() if value is not None}
    log_to_stderr("plain")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        options = msgspec.convert({"database": database, **wanted}, ReceiverOptions)
    except msgspec.ValidationError as error:
        raise BadRequest(f"These options cannot be used: {error}.") from error
    if problems := options.access.problems():
        told = " ".join(f"{options.access.setting(key)}: {what}" for key, what in problems.items())
        raise BadRequest(f"These options cannot be used. {told}")
    Receiver(options).run(stop)


receive.add_command(export_month)
receive.add_command(correct)
