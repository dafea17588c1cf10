"""A command that a message tells can be typed as it stands: it has what it asks for."""

import re
from collections.abc import Iterator

import click
import pytest

from tests import catalogues
from tests.commands import leaves

COMMANDS = {ctx.command_path: ctx.command for ctx in leaves()}

NAMED_ONLY = {"help", "example", "meant", "usage"}
"""Subjects that name a command, or show it by a table of their own."""

TOLD = re.compile(r"'edge-agent([^']*)'|edge-agent((?: [a-z][a-z-]*){1,3}[^\n]*)")


def told(language: str) -> Iterator[tuple[str, str, str]]:
    """Message, command and what stands behind it, of each that is told with something behind it:
    one without is only named, as in "say so by 'edge-agent templates destroyed'"."""
    for name, words in catalogues.words(language).items():
        if name.partition(".")[0] in NAMED_ONLY:
            continue
        for text in [words] if isinstance(words, str) else words:
            for quoted, alone in TOLD.findall(text):
                typed = (quoted or alone).split()
                for count in range(min(3, len(typed)), 0, -1):
                    command = " ".join(("edge-agent", *typed[:count]))
                    if command in COMMANDS:
                        yield name, command, " ".join(typed[count:])
                        break


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_command_that_is_told_has_the_options_that_it_must_have(language: str) -> None:
    lacking = []
    for name, command, behind in told(language):
        required = [
            one
            for one in COMMANDS[command].params
            if isinstance(one, click.Option) and one.required
        ]
        given = behind.split()
        if command == "edge-agent templates backup" and "-r" not in given and "{keys" not in behind:
            required.append(click.Option(["-r"]))  # Of two, one is needed.
        if not behind.strip(" .,;:)") or "--help" in given:
            continue
        lacking += [
            f"{name}: {command} {behind}"
            for one in required
            if not any(word.partition("=")[0] in one.opts for word in given)
        ]
    assert lacking == []


SEALED_FOR = {"KHÓA-CÔNG-KHAI", "PUBLICKEY", "age1…"}
OPENED_BY = {"TỆP-KHÓA", "KEYFILE", "key.txt", "-", "{identity:shell}"}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_key_and_the_file_of_one_are_called_by_two_words(language: str) -> None:
    """What seals is public, and what opens is a secret file: one word for both had people type the
    one for the other."""
    called: dict[str, set[str]] = {"seals": set(), "opens": set()}
    for words in catalogues.words(language).values():
        for text in [words] if isinstance(words, str) else words:
            called["seals"] |= {*re.findall(r"(?:-r|--recipient)[ =]([^\s'.,:;)]+)", text)}
            called["opens"] |= {*re.findall(r"--identity[ =]([^\s'.,:;)]+)", text)}
    assert {one for one in called["seals"] if one.isupper() or "…" in one} <= SEALED_FOR
    assert {one for one in called["opens"] if not one.islower()} <= OPENED_BY
    assert {*catalogues.words(language)["value.keyfile"]} <= OPENED_BY
