"""``edge-agent punches``: what was recorded, for people."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..assembly import Assembly
from ..domain.stamps import parse_time
from ..settings import Settings
from .options import as_json, with_settings
from .show import print_json, print_table

_DAY_MS = 86_400_000
"""How far a corrected clock may have put later entries before earlier ones."""

_KINDS = ("punch.recorded", "punch.repeated")


@click.group()
def punches() -> None:
    """The punches of this gate."""


@punches.command("list")
@click.option("--since", metavar="TIME", help="Only from this local time on: 2026-11-23[T06:00].")
@as_json
@with_settings
def list_(settings: Settings, since: str | None, as_json: bool) -> None:
    """All punches, oldest first. A punch whose time is not known yet is always listed."""
    assembly = Assembly(settings)
    first_ms = _moment(since, assembly.zone) if since is not None else None
    store = assembly.store_for_reading()
    names = {worker.code: worker.name for worker in store.workers()}
    found: list[dict[str, Any]] = []
    for kind, data in store.newest_first():
        if kind not in _KINDS:
            continue
        if first_ms is not None and data["at"] is not None:
            at_ms = parse_time(data["at"])
            if at_ms < first_ms - _DAY_MS:
                break
            if at_ms < first_ms:
                continue
        found.append(
            {
                "seq": data["seq"],
                "kind": kind,
                "worker": data["worker"],
                "name": names.get(data["worker"]),
                "at": data["at"],
                "direction": data.get("direction"),
                "of": data.get("of"),
            }
        )
    found.reverse()
    if as_json:
        print_json(found)
        return
    print_table(
        ("seq", "time", "code", "name", "direction", "note"),
        (
            (
                punch["seq"],
                _local(punch["at"]),
                punch["worker"],
                punch["name"],
                punch["direction"],
                f"repeat of {punch['of']}" if punch["of"] else None,
            )
            for punch in found
        ),
        empty=f"No punches since {since}." if since else "No punches yet.",
    )


def _local(at: str | None) -> str:
    return at[:19].replace("T", " ") if at else "time not known yet"


def _moment(text: str, zone: ZoneInfo) -> int:
    """Milliseconds since 1970 of a local time given by a person."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time: write 2026-11-23 or 2026-11-23T06:00.", param_hint="--since"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return round(moment.timestamp() * 1000)
