"""``edge-agent simulate``: a sensor for a gate without hardware."""

from pathlib import Path

import click

from ..simulator.faults import FAULTS
from ..simulator.module import MODELS
from ..simulator.paths import SimulatorError
from ..simulator.serving import SimulatorOptions, serve

_path = click.Path(path_type=Path)


def _list_faults(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        for name, fault in FAULTS.items():
            click.echo(f"{name:<18} {fault.description}")
        ctx.exit()


@click.command()
@click.option("--link", type=_path, required=True, help="Where the serial port appears.")
@click.option("--control", type=_path, required=True, help="Where the control socket appears.")
@click.option("--model", type=click.Choice(sorted(MODELS)), default="r307", show_default=True)
@click.option("--no-pace", is_flag=True, help="Answer at once instead of like the real module.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides the scores.")
@click.option("--flash", type=_path, help="Keep the sensor's memory in this file.")
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_faults,
    help="List what 'fault KIND' can stage, and exit.",
)
def simulate(
    link: Path, control: Path, model: str, no_pace: bool, seed: int, flash: Path | None
) -> None:
    """Simulate a fingerprint sensor behind a serial port, until 'quit' or SIGTERM."""
    options = SimulatorOptions(
        link=link, control=control, model=model, paced=not no_pace, seed=seed, flash=flash
    )
    try:
        serve(options)
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
