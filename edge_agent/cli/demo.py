"""``edge-agent demo``: the whole way of a punch on this machine."""

import click

from ..demo import play


@click.command()
@click.option("--punches", type=click.IntRange(min=1), help="End once so many are confirmed.")
def demo(punches: int | None) -> None:
    """Play a shift at a simulated gate, with a broker and payroll. Ctrl-C ends it.

    Exit code 0: everything that the panel showed as recorded has reached payroll once, in order.
    """
    click.get_current_context().exit(0 if play(punches) else 1)
