"""``edge-agent receive coverage``: whether a gate was able to record."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from ..domain.stamps import local_time
from ..receiver.coverage.gate_coverage import gate_coverage
from ..receiver.coverage.signs_of_life import DRIFT_PPM
from ..receiver.databases.database import Database
from .options import as_json
from .receive_office import with_database
from .show import print_json, print_table


@click.command("coverage")
@click.option("--gate", required=True, help="The gate's id.")
@click.option("--from", "begin", required=True, metavar="TIME", help="2026-11-23[T06:00].")
@click.option("--to", "end", required=True, metavar="TIME", help="2026-11-24[T06:00].")
@click.option("--zone", default="Asia/Ho_Chi_Minh", show_default=True, help="The zone of TIME.")
@click.option(
    "--drift-ppm",
    type=click.IntRange(1, 10000),
    default=DRIFT_PPM,
    show_default=True,
    help="The gate's [clock] drift_ppm.",
)
@as_json
@with_database
def show_coverage(
    database: Database, gate: str, begin: str, end: str, zone: str, drift_ppm: int, as_json: bool
) -> None:
    """Was GATE able to record? Judge an absence only where the answer is yes."""
    try:
        where = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise click.BadParameter(f"{zone!r} is no time zone.", param_hint="--zone") from None
    first, last = _moment(begin, where, "--from"), _moment(end, where, "--to")
    if first >= last:
        raise click.BadParameter("it has to come after --from.", param_hint="--to")
    spans = gate_coverage(database, gate, first, last, drift_ppm)
    rows = [
        {
            "from": local_time(span.begin_ms, where),
            "to": local_time(span.end_ms, where),
            "able": span.cover.value,
        }
        for span in spans
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("from", "to", "able to record"),
        ((_short(row["from"]), _short(row["to"]), row["able"]) for row in rows),
        empty="",
    )


def _short(time: str) -> str:
    return time[:19].replace("T", " ")


def _moment(text: str, zone: ZoneInfo, option: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        if not 2000 <= moment.year < 2200:
            raise ValueError("out of range")
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time: write 2026-11-23 or 2026-11-23T06:00.", param_hint=option
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return round(moment.timestamp() * 1000)
