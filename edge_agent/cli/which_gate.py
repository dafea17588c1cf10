"""A command that a sentence tells goes to the gate that was asked about: with its ``--config``; and
where it is the one that was typed, it is told whole."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from .language import AT_NO_GATE, DEFAULT_CONFIG, taken_out

_typed: str | None = None
_root: click.Command | None = None
_line: list[str] = []

_THIS_ONE = "edge-agent …"
"""How the command that was typed stands in what others say of it."""


@contextmanager
def told(arguments: list[str], root: click.Command) -> Iterator[None]:
    """Have the commands of ``root`` that are told meanwhile go where these arguments go, unless
    that is the usual gate."""
    global _typed, _root, _line
    before = _typed, _root, _line
    at_gate = bool(arguments) and arguments[0] not in AT_NO_GATE
    stated = taken_out(arguments, "--config")[0] if at_gate else None
    usual = os.environ.get("EDGE_AGENT_CONFIG") or DEFAULT_CONFIG
    elsewhere = stated and os.path.abspath(stated) != os.path.abspath(usual)
    _typed, _root, _line = stated if elsewhere else None, root, arguments
    try:
        yield
    finally:
        _typed, _root, _line = before


def settings_file() -> Path:
    """The file of the gate that was asked about."""
    return Path(_typed or os.environ.get("EDGE_AGENT_CONFIG") or DEFAULT_CONFIG)


def _this_one() -> str:
    """The command that was typed, for another user, who has not this one's environment."""
    from shlex import join, quote

    line = join(["edge-agent", *_line])
    usual = os.environ.get("EDGE_AGENT_CONFIG")
    return _with(f" --config {quote(os.path.abspath(usual))}", line) if usual else line


def for_this_gate(text: str) -> str:
    """A text with the settings file in each command that takes one and has none, and with the
    command that was typed where it is told."""
    if _line and _THIS_ONE in text:
        text = text.replace(_THIS_ONE, _this_one())
    if _typed is None or "edge-agent " not in text:
        return text
    from shlex import quote

    chosen = f" --config {quote(_typed)}"
    return "".join(_with(chosen, one) for one in re.split(r"(?<![\w/@.-])(?=edge-agent )", text))


def _with(chosen: str, text: str) -> str:
    """The same of a text that has one command at most, at its beginning."""
    begun = re.match(r"edge-agent((?: [a-z][a-z-]*){1,2})", text)
    if begun is None or " --config" in text.partition("\n")[0]:
        return text
    end = _end_of(begun[1].split())
    return text if end is None else text[:end] + chosen + text[end:]


def _end_of(words: list[str]) -> int | None:
    """Where a command's own words end, behind the program's name; None where it takes no settings
    file, and of payroll's commands, which have another one."""
    command, end = _root, len("edge-agent")
    for word in words:
        if not isinstance(command, click.Group) or word == "receive":
            break
        found = command.get_command(click.Context(command, info_name=""), word)
        if found is None:
            break
        command, end = found, end + 1 + len(word)
    takes = command is not None and any("--config" in one.opts for one in command.params)
    return end if takes else None
