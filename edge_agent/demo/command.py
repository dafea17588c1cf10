"""``edge-agent demo``: the whole way of a punch on this machine, or a week for a payroll."""

import click
import msgspec
from msgspec import structs

from ..cli.help import command
from ..cli.options import refuse_problems, way_to_broker
from ..contract.broker.access import BrokerAccess
from ..contract.errors import BadRequest
from ..gate.settings.schema import MqttSettings
from .play import play


@command(help="help.demo")
@click.option("--punches", type=click.IntRange(min=1), help="help.demo-punches")
@click.option(
    "--broker",
    metavar="HOST[:PORT]",
    help="help.demo-broker",
)
@click.option("--fast", is_flag=True, help="help.demo-fast")
@way_to_broker(username="help.demo-username")
def demo(punches: int | None, broker: str | None, fast: bool, **access: str | None) -> None:
    given = {name: value for name, value in access.items() if value is not None}
    if broker is None:
        if given or fast:
            raise BadRequest("command.demo-broker-only")
        well = play(punches)
    else:
        from .week.feed import feed

        well = feed(_settings(broker, given), fast=fast)
    click.get_current_context().exit(0 if well else 1)


class _Sandbox(MqttSettings, frozen=True, kw_only=True):
    """A broker whose settings were given as options, and are called so where one is wrong."""

    @property
    def access(self) -> BrokerAccess:
        """The way to the broker."""
        return structs.replace(super().access, named="--{}")


def _settings(broker: str, given: dict[str, str]) -> MqttSettings:
    host, _, port = broker.partition(":")
    where = {"host": host or "localhost", "port": port or "auto"}
    try:
        settings = msgspec.convert(
            {**where, **given, "receipt_timeout_s": 5}, _Sandbox, strict=False
        )
    except (ValueError, msgspec.ValidationError) as error:
        raise BadRequest("command.demo-no-broker", broker=broker, why=str(error)) from error
    refuse_problems(settings.access)
    return settings
