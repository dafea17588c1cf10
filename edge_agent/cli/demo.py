"""``edge-agent demo``: the whole way of a punch on this machine, or a week for a payroll."""

import click
import msgspec

from ..demo import play
from ..domain.errors import BadRequest
from ..settings.schema import MqttSettings


@click.command()
@click.option("--punches", type=click.IntRange(min=1), help="End once so many are confirmed.")
@click.option(
    "--broker",
    metavar="HOST[:PORT]",
    help="For payroll developers: send this broker a week of two gates instead, in five minutes.",
)
@click.option("--fast", is_flag=True, help="With --broker: the week at once.")
@click.option("--root", default="attendance", show_default=True, help="With --broker: topics.")
def demo(punches: int | None, broker: str | None, fast: bool, root: str) -> None:
    """Play a shift at a simulated gate, with a broker and payroll. Ctrl-C ends it.

    Exit code 0: everything that the panel showed as recorded has reached payroll once, in order.
    With --broker: your payroll has confirmed the whole week.
    """
    if broker is None:
        well = play(punches)
    else:
        from ..demo.week import feed

        well = feed(_settings(broker, root), fast=fast)
    click.get_current_context().exit(0 if well else 1)


def _settings(broker: str, root: str) -> MqttSettings:
    host, _, port = broker.partition(":")
    try:
        return msgspec.convert(
            {
                "host": host or "localhost",
                "port": int(port) if port else "auto",
                "root": root,
                "receipt_timeout_s": 5,
            },
            MqttSettings,
        )
    except (ValueError, msgspec.ValidationError) as error:
        raise BadRequest(f"{broker!r} is no broker: give HOST or HOST:PORT ({error}).") from error
