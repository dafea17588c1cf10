"""``edge-agent privacy methods``: whether anybody is treated worse by their way of punching."""

import click
from msgspec import to_builtins

from ..contract.chain import stamp_of
from ..contract.language import say
from ..gate.papers.methods import KINDS, by_method
from ..gate.settings.schema import Settings
from .help import command
from .options import as_json, with_settings
from .show import print_json, print_table
from .since import entries_since, first_of, tell_span
from .tell import tell


@command(name="methods", help="help.privacy-methods")
@click.option("--since", metavar="TIME", help="help.since")
@as_json
@with_settings
def methods(settings: Settings, since: str | None, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    first_ms = first_of(since, assembly.zone)
    tell_span(since, None, assembly.zone, has_until=False)
    entries = [
        data
        for data in entries_since(assembly.store_for_reading(), first_ms, KINDS)
        if first_ms is None or stamp_of(data).wall_ms >= first_ms
    ]
    found = by_method(entries)
    if as_json:
        print_json([{**to_builtins(one), "refused_of_100": one.share} for one in found])
        return
    print_table(
        ("method", "taken", "refused", "of-100", "again", "waited"),
        (
            (
                say(f"method.{one.method}"),
                one.taken,
                sum(one.refused.values()),
                "" if one.share is None else say("methods.share", share=one.share),
                one.again,
                "" if one.waited_s is None else say("methods.waited", seconds=one.waited_s),
            )
            for one in found
        ),
        empty=say("methods.none"),
    )
    if more := sum(data.get("suppressed", 0) for data in entries):
        tell(say("methods.left-out", count=more))
    if found:
        tell(say("methods.note"))
