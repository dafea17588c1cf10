"""``edge-agent doctor``: what is wrong with this gate, and what to do."""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import wrap

import click

from ..contract.language import Message, current, is_name, say, visible
from ..gate.doctor.checks import examine
from ..gate.doctor.findings import Finding, State
from ..gate.doctor.machine import Machine
from .help import command
from .options import as_json, config_option
from .show import print_json
from .tell import coloured, legible

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}

_WORST_FIRST = (State.FAIL, State.WARN, State.OK)

_COLUMNS = 80
_INDENT = 6
"""Of all lines but the first, which has the longest of the words for a state before it."""

_QUOTED = re.compile(r"(?<!\w)'[^']+'(?!\w)")
"""A command in a sentence, which is to be copied; no apostrophe."""

_KEPT = "\N{NO-BREAK SPACE}"


@command(help="help.doctor")
# Not with_settings: settings that cannot be used are a finding, and no reason to stop.
@config_option
@click.option("--lamps", is_flag=True, help="help.lamps")
@click.option("--verify", is_flag=True, help="help.verify")
@click.option("--problems", is_flag=True, help="help.problems")
@as_json
def doctor(config: Path, lamps: bool, verify: bool, problems: bool, as_json: bool) -> None:
    findings = []
    for finding in examine(config, Machine(), light=lamps, verify=verify):
        findings.append(finding)
        _show_progress(say("doctor.looking", check=_title(finding)))
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
        click.echo(f"\r\033[K{legible(text, sys.stderr)}", nl=False, err=True)


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
    told = {
        "good": len(counts[State.OK]),
        "warnings": Message("doctor.warnings", count=len(counts[State.WARN])),
        "failures": Message("doctor.failures", count=len(counts[State.FAIL])),
    }
    if worst := counts[State.FAIL] or counts[State.WARN]:
        found, _ = worst[0].in_parts(current())
        text = say("doctor.summary-begin", check=_title(worst[0]), found=found, **told)
    else:
        text = say("doctor.summary", **told)
    return legible(_wrapped(text, ""), sys.stdout)


def _title(finding: Finding) -> str:
    name = f"check.{finding.check.replace(' ', '-')}"
    return say(name) if is_name(name) else finding.check


def _line(finding: Finding) -> str:
    state = legible(say(f"state.{finding.state.lower()}"), sys.stdout)
    found, advice = finding.in_parts(current())
    end = "" if advice.endswith(("?", "…")) else "."
    told = f"{_title(finding)} — {found}{f'; {advice}' if advice else ''}{end}"
    text = legible(_wrapped(visible(told), " " * _INDENT), sys.stdout)
    return coloured(state, _COLOURS[finding.state]) + text[len(state) :]


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
