"""``edge-agent doctor``: what is wrong with this gate, and what to do."""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import wrap

import click

from ..gate.doctor.checks import examine
from ..gate.doctor.findings import Finding, State
from ..gate.doctor.machine import Machine
from .options import as_json, config_option
from .show import print_json

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}

_WORST_FIRST = (State.FAIL, State.WARN, State.OK)

_COLUMNS = 80
_INDENT = 6

_QUOTED = re.compile(r"(?<!\w)'[^']+'(?!\w)")
"""A command in a sentence, which is to be copied; no apostrophe."""

_KEPT = "\N{NO-BREAK SPACE}"


@click.command()
# Not with_settings: settings that cannot be used are a finding, and no reason to stop.
@config_option
@click.option("--lamps", is_flag=True, help="Light each lamp; only while no daemon runs.")
@click.option("--verify", is_flag=True, help="Check every entry of the ledger too.")
@click.option("--problems", is_flag=True, help="Show only what is wrong.")
@as_json
def doctor(config: Path, lamps: bool, verify: bool, problems: bool, as_json: bool) -> None:
    """Look at everything that a gate needs, and say what to do.

    Nothing is changed. Exit code 1: something fails; 0: nothing does, warnings or not.
    """
    findings = []
    for finding in examine(config, Machine(), light=lamps, verify=verify):
        findings.append(finding)
        _show_progress(f"Looking: {finding.check} …")
    _show_progress("")
    shown = [found for found in findings if not problems or found.state is not State.OK]
    if as_json:
        print_json(shown)
    else:
        click.echo("\n\n".join(_paragraphs(findings, shown)))
    if any(finding.state is State.FAIL for finding in findings):
        click.get_current_context().exit(1)


def _show_progress(text: str) -> None:
    """Somebody at a terminal waits up to a minute for the summary that comes first."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text}", nl=False, err=True)


def _paragraphs(findings: Sequence[Finding], shown: Iterable[Finding]) -> Iterable[str]:
    """The summary, and then the worst first; what is as bad as the other stays in its order."""
    yield _summary(findings)
    shown = list(shown)
    for state in _WORST_FIRST:
        if lines := [_line(finding) for finding in shown if finding.state is state]:
            yield "\n".join(lines)


def _summary(findings: Sequence[Finding]) -> str:
    """How many there are of each, and which to begin with."""
    counts = {state: [f for f in findings if f.state is state] for state in _WORST_FIRST}
    text = (
        f"{len(counts[State.OK])} OK, {_count(counts[State.WARN], 'warning')}, "
        f"{_count(counts[State.FAIL], 'failure')}."
    )
    if worst := counts[State.FAIL] or counts[State.WARN]:
        text += f" Begin with {worst[0].check}: {worst[0].found}."
    return _wrapped(text, "")


def _count(findings: Sequence[Finding], what: str) -> str:
    return f"{len(findings)} {what}{'' if len(findings) == 1 else 's'}"


def _line(finding: Finding) -> str:
    state = click.style(f"{finding.state:<4}", fg=_COLOURS[finding.state])
    advice = f"; {finding.advice}" if finding.advice else ""
    end = "" if finding.advice.endswith(("?", "…")) else "."
    text = _wrapped(f"{finding.check} — {finding.found}{advice}{end}", " " * _INDENT)
    return f"{state}{text[len(finding.state.ljust(4)) :]}"


def _wrapped(text: str, indent: str) -> str:
    """In lines of a terminal; no word is torn, and no command that is to be copied."""
    kept = _QUOTED.sub(lambda command: _in_one_piece(command[0]), text)
    lines = wrap(
        kept,
        _COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(_KEPT, " ")


def _in_one_piece(command: str) -> str:
    fits = len(command) < _COLUMNS - _INDENT
    return command.replace(" ", _KEPT) if fits else command
