"""``edge-agent doctor``: what is wrong with this gate, and what to do."""

from pathlib import Path

import click

from ..gate.doctor.checks import examine
from ..gate.doctor.findings import Finding, State
from ..gate.doctor.machine import Machine
from .options import DEFAULT_CONFIG, as_json
from .show import print_json

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


@click.command()
@click.option(
    # Not with_settings: settings that cannot be used are a finding, and no reason to stop.
    "--config",
    type=click.Path(path_type=Path),
    envvar="EDGE_AGENT_CONFIG",
    default=DEFAULT_CONFIG,
    show_default=True,
    show_envvar=True,
    help="The settings file.",
)
@click.option("--lamps", is_flag=True, help="Light each lamp; only while no daemon runs.")
@click.option("--verify", is_flag=True, help="Check every entry of the ledger too.")
@as_json
def doctor(config: Path, lamps: bool, verify: bool, as_json: bool) -> None:
    """Look at everything that a gate needs, and say what to do.

    Nothing is changed. Exit code 1: something fails; 0: nothing does, warnings or not.
    """
    findings = []
    for finding in examine(config, Machine(), light=lamps, verify=verify):
        findings.append(finding)
        if not as_json:
            click.echo(_line(finding))
    if as_json:
        print_json(findings)
    if any(finding.state is State.FAIL for finding in findings):
        click.get_current_context().exit(1)


def _line(finding: Finding) -> str:
    state = click.style(f"{finding.state:<4}", fg=_COLOURS[finding.state])
    advice = f"; {finding.advice}" if finding.advice else ""
    end = "" if finding.advice.endswith(("?", "…")) else "."
    return f"{state}  {finding.check} — {finding.found}{advice}{end}"
