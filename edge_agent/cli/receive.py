"""``edge-agent receive``: payroll's subscriber."""

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


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path, readable=False),
    envvar="EDGE_AGENT_CONFIG",
    show_envvar=True,
    help="Take broker, port, protocol and root from a gate's settings file.",
)
@click.option(
    "--database", type=click.Path(), default="payroll.db", show_default=True, help="SQLite file."
)
@click.option("--host", help="The broker.  [default: localhost]")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port.  [default: 1883]")
@click.option("--root", help="The root of the topics.  [default: attendance]")
@click.option("--protocol", type=click.Choice(["auto", "5", "3.1.1"]), help="[default: auto]")
def receive(config: Path | None, database: str, **flags: Any) -> None:
    """Subscribe as payroll: store every entry of every gate once, and answer with receipts."""
    wanted: dict[str, Any] = {}
    if config is not None:
        mqtt = load_settings(config).mqtt
        wanted = {"host": mqtt.host, "port": mqtt.port, "root": mqtt.root}
        wanted["protocol"] = mqtt.protocol
    wanted |= {name: value for name, value in flags.items() if value is not None}
    log_to_stderr("plain")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        options = msgspec.convert({"database": database, **wanted}, ReceiverOptions)
    except msgspec.ValidationError as error:
        raise BadRequest(f"These options cannot be used: {error}.") from error
    Receiver(options).run(stop)
