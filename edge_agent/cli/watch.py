"""``edge-agent watch``: follow what happens at the gate."""

from pathlib import Path
from typing import Any

import click
import msgspec

from ..control.client import watch as watch_daemon
from ..settings import Settings
from .options import as_json, with_settings
from .words import OUTCOMES


@click.command()
@as_json
@with_settings
def watch(settings: Settings, as_json: bool) -> None:
    """Follow what happens at the gate, one line each, until Ctrl-C or the daemon stops."""
    for line in watch_daemon(Path(settings.control.socket)):
        click.echo(line if as_json else _sentence(msgspec.json.decode(line)))


def _sentence(event: dict[str, Any]) -> str:
    match event["event"]:
        case "watching":
            return "Watching the gate."
        case "panel":
            who = event["worker"] or "somebody"
            hint = f" ({event['hint']})" if event["hint"] else ""
            return f"panel    {who}: {OUTCOMES[event['outcome']]}{hint}"
        case "ledger":
            return f"ledger   {event['seq']} {event['kind']}"
        case "confirmed":
            return f"payroll  has everything up to {event['through']}"
        case kind:
            detail = f": {event['detail']}" if event.get("detail") else ""
            return f"{kind:<8} {event['state']}{detail}"
