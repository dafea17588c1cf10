"""``edge-agent simulate``: a sensor for a gate without hardware."""

from pathlib import Path

import click

from ..contract.language import say
from ..simulator.faults import FAULTS
from ..simulator.module import MODELS
from ..simulator.paths import SimulatorError
from ..simulator.serving import SimulatorOptions, serve
from .help import command

_path = click.Path(path_type=Path)


def _list_faults(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        for name in FAULTS:
            click.echo(f"{name:<18} {say(f'fault.{name}')}")
        ctx.exit()


@command(help="help.simulate")
@click.option("--link", type=_path, required=True, help="help.sim-link")
@click.option("--control", type=_path, required=True, help="help.sim-control")
@click.option("--model", type=click.Choice(sorted(MODELS)), default="r307", show_default=True)
@click.option("--no-pace", is_flag=True, help="help.sim-no-pace")
@click.option("--seed", type=int, default=0, show_default=True, help="help.sim-seed")
@click.option("--flash", type=_path, help="help.sim-flash")
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_faults,
    help="help.sim-faults",
)
def simulate(
    link: Path, control: Path, model: str, no_pace: bool, seed: int, flash: Path | None
) -> None:
    options = SimulatorOptions(
        link=link, control=control, model=model, paced=not no_pace, seed=seed, flash=flash
    )
    try:
        serve(options)
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
