"""``edge-agent doctor``: what is wrong with this gate, and what to do."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from ..contract.language import Message, current, is_name, say, unmarked, visible
from ..gate.doctor.checks import SECTIONS, examine
from ..gate.doctor.findings import Finding, State, in_parts
from ..gate.doctor.machine import Machine
from .complete import Keyword
from .help import command
from .options import as_json, config_option
from .show import print_json
from .tell import coloured, folded, legible, moves, width
from .which_gate import for_this_gate

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}

_WORST_FIRST = (State.FAIL, State.WARN, State.OK)

_COLUMNS = 80
_INDENT = 6
"""Of all lines but the first, which has the longest of the words for a state before it."""


@command(help="help.doctor")
# Not with_settings: settings that cannot be used are a finding, and no reason to stop.
@config_option
@click.option("--lamps", is_flag=True, help="help.lamps")
@click.option("--verify", is_flag=True, help="help.verify")
@click.option("--problems", is_flag=True, help="help.problems")
@click.option(
    "--section",
    type=Keyword(SECTIONS, lambda one: f"keyword.section-{one}"),
    metavar="SECTION",
    help="help.section",
)
@as_json
def doctor(
    config: Path, lamps: bool, verify: bool, problems: bool, section: str | None, as_json: bool
) -> None:
    findings = []
    for finding in examine(config, Machine(), light=lamps, verify=verify, section=section):
        findings.append(finding)
        _show_progress(say("doctor.looking", check=_title(finding)))
    _show_progress("")
    if as_json:
        print_json([found for found in findings if not problems or found.state is not State.OK])
    else:
        lines = _each_once(findings)
        shown = [line for line in lines if not problems or line.state is not State.OK]
        click.echo("\n\n".join(_paragraphs(lines, shown)))
    if any(finding.state is State.FAIL for finding in findings):
        click.get_current_context().exit(1)


def _show_progress(text: str) -> None:
    """Somebody at a terminal waits up to a minute for the summary that comes first."""
    if moves(sys.stderr):
        text = text[: width() - 1]  # What is folded is not written over as a whole.
        click.echo(f"\r\033[K{legible(text, sys.stderr)}", nl=False, err=True)


class CheckLine(NamedTuple):
    """What is shown of one finding, or of several that found the same."""

    titles: list[str]
    state: State
    found: str
    advice: str


def _each_once(findings: Sequence[Finding]) -> list[CheckLine]:
    """A cause that several checks have met is told once, at the worst of them."""
    lines: dict[str, CheckLine] = {}
    causes = {finding.in_parts(current())[0] for finding in findings}
    for finding in sorted(findings, key=lambda one: _WORST_FIRST.index(one.state)):
        found, advice = finding.in_parts(current())
        cause = next((one for one in _wrapped_in(finding.fields) if one in causes), found)
        if (known := lines.get(cause)) is not None and finding.state is not State.OK:
            known.titles.append(_title(finding))
            if cause != found:
                lines[cause] = known._replace(found=found, advice=advice)
        else:
            lines[f"{cause} {len(lines)}" if known else cause] = CheckLine(
                [_title(finding)], finding.state, found, advice
            )
    return list(lines.values())


def _wrapped_in(fields: Mapping[str, Any]) -> Iterator[str]:
    """What another check may say as well, of a finding that tells more of it: since when, say."""
    for field in fields.values():
        if isinstance(field, dict) and field.keys() == {"name", "fields"}:
            yield in_parts(Message(field["name"], **field["fields"]), current())[0]
            yield from _wrapped_in(field["fields"])


def _paragraphs(lines: Sequence[CheckLine], shown: Sequence[CheckLine]) -> Iterable[str]:
    """The summary, and then the worst first; what is as bad as the other stays in its order."""
    yield _summary(lines)
    for state in _WORST_FIRST:
        if told := [_told(line) for line in shown if line.state is state]:
            yield "\n".join(told)


def _summary(lines: Sequence[CheckLine]) -> str:
    """How many there are of each, and which to begin with."""
    counts = {state: [one for one in lines if one.state is state] for state in _WORST_FIRST}
    told = {
        "good": len(counts[State.OK]),
        "warnings": Message("doctor.warnings", count=len(counts[State.WARN])),
        "failures": Message("doctor.failures", count=len(counts[State.FAIL])),
    }
    if worst := counts[State.FAIL] or counts[State.WARN]:
        # What is the matter stands right below.
        text = say("doctor.summary-begin", check=", ".join(worst[0].titles), **told)
    else:
        text = say("doctor.summary", **told)
    return legible(_wrapped(text, ""), sys.stdout)


def _title(finding: Finding) -> str:
    name = f"check.{finding.check.replace(' ', '-')}"
    return say(name) if is_name(name) else finding.check


def _told(line: CheckLine) -> str:
    state = legible(say(f"state.{line.state.lower()}"), sys.stdout)
    told = _ended(f"{', '.join(line.titles)} — {_with_advice(line.found, line.advice)}")
    text = legible(_wrapped(visible(told), " " * _INDENT), sys.stdout)
    return coloured(state, _COLOURS[line.state]) + text[len(state) :]


def _with_advice(found: str, advice: str) -> str:
    """What was found, and what to do: behind a question as a sentence of its own."""
    if not advice:
        return found
    if found.endswith("?"):
        return f"{found} {advice[0].upper()}{advice[1:]}"
    return f"{found}; {advice}"


def _ended(sentence: str) -> str:
    """With its full stop, unless a question, a command, or what is left out, ends it."""
    return unmarked(sentence if sentence.endswith(("?", "…")) else f"{sentence}.")


def _wrapped(text: str, indent: str) -> str:
    """In lines of a terminal; no word is torn, and no command that is to be copied."""
    columns = min(_COLUMNS, width()) if sys.stdout.isatty() else _COLUMNS
    return folded(for_this_gate(text), indent, columns, indent)
