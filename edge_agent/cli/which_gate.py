"""A command that a sentence tells goes to the gate that was asked about: with its ``--config``."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import click

from .language import AT_NO_GATE, DEFAULT_CONFIG, taken_out

_typed: str | None = None
_root: click.Command | None = None


@contextmanager
def told(arguments: list[str], root: click.Command) -> Iterator[None]:
    """Have the commands of ``root`` that are told meanwhile go where these arguments go, unless
    that is the usual gate."""
    global _typed, _root
    before = _typed, _root
    at_gate = bool(arguments) and arguments[0] not in AT_NO_GATE
    stated = taken_out(arguments, "--config")[0] if at_gate else None
    usual = os.environ.get("EDGE_AGENT_CONFIG") or DEFAULT_CONFIG
    elsewhere = stated and os.path.abspath(stated) != os.path.abspath(usual)
    _typed, _root = stated if elsewhere else None, root
    try:
        yield
    finally:
        _typed, _root = before


def for_this_gate(text: str) -> str:
    """A text with the settings file in each command that takes one and has none."""
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
