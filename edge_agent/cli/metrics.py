"""``edge-agent metrics``: how the gate is, as a text file that Prometheus' node exporter reads.

The format is Prometheus' text exposition format, 0.0.4: lines of text, for which no library is
needed. Nothing in it is about a person: no code, no name, no count of one worker's presses.
"""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click

from ..contract.atomic_file import refuse_unmounted, replacing
from ..contract.errors import BadRequest, StoreFault
from ..contract.language import because
from ..gate.settings.schema import Settings
from .help import command
from .options import FilePath, with_settings
from .status import asked

_READABLE = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH
"""The exporter is another user, and there is nothing in it to hide."""


class _Metric(NamedTuple):
    """A gauge's name behind ``edge_agent_``, what it means, and its value; None: not told."""

    name: str
    meaning: str
    value: float | None


@command(help="help.metrics")
@click.argument("file", type=FilePath(path_type=Path, dir_okay=False), required=False)
@with_settings
def metrics(settings: Settings, file: Path | None) -> None:
    if file is not None:
        refuse_unmounted(file)
    text = exposition(asked(settings))
    if file is None:
        click.echo(text, nl=False)
        return
    if file.suffix != ".prom":
        raise BadRequest("metrics.no-prom", file=file)
    try:
        with replacing(file, _READABLE) as target:
            target.write(text.encode())
    except OSError as error:
        raise StoreFault("file.unwritable", path=file, why=because(error)) from error


def exposition(answer: dict[str, Any]) -> str:
    """The file's text, of what ``status --json`` tells. What is not known has no line."""
    gate = f'gate="{_label(answer["gate"])}"'
    lines: list[str] = []
    for name, meaning, value in _metrics(answer):
        if value is not None:
            lines += _gauge(name, meaning, gate, value)
    if version := answer.get("version"):
        named = f'{gate},version="{_label(version)}"'
        lines += _gauge("info", "The version of the program.", named, 1)
    return "\n".join(lines) + "\n"


def _gauge(name: str, meaning: str, labels: str, value: float) -> list[str]:
    number = repr(value) if isinstance(value, float) else str(int(value))
    return [
        f"# HELP edge_agent_{name} {meaning}",
        f"# TYPE edge_agent_{name} gauge",
        f"edge_agent_{name}{{{labels}}} {number}",
    ]


def _metrics(answer: dict[str, Any]) -> Iterator[_Metric]:
    runs = answer["daemon"] == "running"
    yield _Metric("up", "Whether the daemon runs.", runs)
    if (ledger := answer.get("ledger")) is None:
        return
    sensor, store, clock, way = (answer[part] for part in ("sensor", "store", "clock", "uplink"))
    hangs = "gate" in answer.get("hangs", ())
    ready = sensor["state"] == "ready" and store["state"] != "failing"
    yield _Metric("recording", "Whether a press is recorded now.", runs and ready and not hangs)
    yield _Metric("up_seconds", "Seconds since the daemon began.", answer.get("up_s"))
    yield _Metric("sensor_ready", "Whether the sensor is in use.", sensor["state"] == "ready")
    yield _Metric("sensor_mended", "Mends of its link in ten minutes.", sensor.get("mended"))
    yield _Metric("prints", "Prints that are enrolled.", sensor["prints"])
    yield _Metric("prints_capacity", "Prints that the sensor holds.", sensor["capacity"])
    yield _Metric("prints_not_backed_up", "Prints in no backup.", sensor["not_backed_up"])
    yield _Metric("prints_worn", "Prints on the way to being refused.", sensor["worn_prints"])
    yield _Metric("glass_dirty", "Whether the glass wants wiping.", sensor["glass_dirty"])
    yield _Metric("store_failing", "Whether nothing can be written.", store["state"] == "failing")
    yield _Metric("store_reserve", "Whether the disk is full.", store["state"] == "reserve")
    yield _Metric("set_aside", "Databases that were left.", len(store["set_aside"]))
    yield _Metric("pins_unusable", "Pins and readers not in use.", len(answer["pins"]["problems"]))
    yield _Metric("ledger_entries", "Entries of the ledger.", ledger["last_seq"])
    waiting = ledger["last_seq"] - ledger["confirmed_seq"]
    yield _Metric("ledger_unconfirmed", "Entries that payroll has not confirmed.", waiting)
    yield _Metric("ledger_rejected", "Entries that payroll could not use.", ledger["rejected"])
    yield _Metric("uplink_connected", "Whether the broker is there.", way["state"] == "connected")
    yield _Metric("uplink_away_seconds", "Seconds without the broker.", way.get("away_s"))
    yield _Metric("uplink_twin", "Whether another uses this id.", way.get("duplicate_gate"))
    yield _Metric("uplink_not_signed", "Messages not signed.", way.get("not_signed"))
    yield _Metric("clock_known", "Whether the time is known.", clock["state"] != "unsynced")
    yield _Metric("clock_pending", "Punches that wait for their time.", clock["pending"])
    yield _Metric("disk_free_bytes", "Bytes free on the disk.", answer["disk_free_bytes"])
    backup = answer.get("backup") or {}
    yield _Metric("backup_age_seconds", "Since the last backup, at least.", backup.get("age_s"))
    yield _Metric("backup_overdue", "Whether it is old or missing.", _overdue(backup))
    board = answer.get("board") or {}
    yield _Metric("temperature_celsius", "Of the processor.", board.get("temperature_c"))
    yield _Metric("undervoltage", "The supply is too weak.", board.get("undervoltage"))
    yield _Metric(
        "undervoltage_seen", "Whether it was since the start.", board.get("undervoltage_seen")
    )


def _overdue(backup: dict[str, Any]) -> float | None:
    return backup["state"] in ("old", "missing") if backup else None


def _label(text: str) -> str:
    """A label's value: backslash, quote and line feed are escaped, all else is UTF-8."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
