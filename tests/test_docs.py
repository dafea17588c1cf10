"""The documents: links lead somewhere, and what they name exists."""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from msgspec import NODEFAULT, structs

from edge_agent.cli import main
from edge_agent.contract.errors import EdgeAgentError
from edge_agent.contract.kinds import KINDS
from edge_agent.contract.language import ENGLISH, Message, said
from edge_agent.gate.events import AnyEvent
from edge_agent.gate.roles import MAY, NO_ROLE, Roles, in_order
from edge_agent.gate.settings.schema import Settings
from edge_agent.simulator.faults import FAULTS
from edge_agent.simulator.module import MODELS

from .commands import leaves

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("README*.md"), ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    return BLOCK.sub("", text(page))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The names under which a git host's Markdown makes headings reachable."""
    return frozenset(
        slug(heading) for heading in re.findall(r"^#+ +(.+?) *$", prose(page), re.MULTILINE)
    )


def slug(heading: str) -> str:
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
    kept = (char for char in plain if char in " -_" or unicodedata.category(char)[0] in "LNM")
    return "".join(kept).replace(" ", "-")


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{page.name} → {target}"
        assert there.is_relative_to(ROOT), f"{page.name} → {target} leaves the project"
        if anchor:
            assert anchor in anchors(there), f"{page.name} → {target}: {sorted(anchors(there))}"


@each_page
def test_no_conflict_of_a_merge_was_left(page: Path) -> None:
    assert not re.search(r"^(<<<<<<<|>>>>>>>) ", text(page), re.MULTILINE)


def section(page: Path, heading: str) -> str:
    parts = re.split(r"^#+ +", prose(page), flags=re.MULTILINE)
    return next(part for part in parts if part.startswith(heading + "\n"))


def table(page: Path, heading: str) -> dict[str, list[str]]:
    """The rows of a section's tables: the code in the first cell → the codes in the second."""
    rows = {}
    for line in section(page, heading).splitlines():
        cells = line.strip("|").split("|")
        if code := re.fullmatch(r" *`([^`]+)` *", cells[0]):
            rows[code[1]] = re.findall(r"`([^`]+)`", cells[1])
    return rows


def by_tag(kinds: Any) -> dict[str, list[str]]:
    return {
        kind.__struct_config__.tag: [field.encode_name for field in structs.fields(kind)]
        for kind in kinds
    }


def test_the_kinds_are_those_of_the_ledger() -> None:
    told = table(ROOT / "docs" / "payroll.md", "Kinds")

    assert told == by_tag(KINDS)


def test_the_events_are_those_of_the_stream() -> None:
    told = table(ROOT / "docs" / "cli.md", "The event stream")

    assert told == by_tag(AnyEvent.__args__)


def settings() -> dict[tuple[str, str], Any]:
    return {
        (section.name, field.name): field.default
        for section in structs.fields(Settings)
        for field in structs.fields(section.type)
    }


def test_the_settings_file_has_every_setting_with_its_default() -> None:
    written = tomllib.loads(text(ROOT / "config" / "edge-agent.toml"))
    shown = {(name, key): value for name, keys in written.items() for key, value in keys.items()}

    assert shown.keys() == settings().keys()
    for place, default in settings().items():
        if default is not NODEFAULT:
            assert shown[place] == msgspec.json.decode(msgspec.json.encode(default)), place


def test_each_thread_has_its_row() -> None:
    """Or a process that is left to itself: who owns what is told of all that run at a gate."""
    told = section(ROOT / "docs" / "architecture.md", "Threads: who owns what")
    found = {
        path.name
        for wing in ("gate", "display")
        for path in (ROOT / "edge_agent" / wing).rglob("*.py")
        if re.search(r"\b(Thread|Timer|Popen|Process|\w+Executor)\(", text(path))
    }
    assert len(found) > 8
    assert {name for name in found if f"{name}`" not in told} == set()


def test_who_may_what_is_the_table_of_the_code() -> None:
    rows: dict[str, list[str]] = {}
    for command, roles in MAY.items():
        who = "anybody" if roles is None else ", ".join(in_order(roles))
        rows.setdefault(who, []).append(f"`{command}`")
    made = [f"| {who} | {', '.join(commands)} |" for who, commands in sorted(rows.items())]

    told = section(ROOT / "docs" / "cli.md", "Who may").partition("| who | commands |\n|---|---|\n")
    assert told[2].partition("\n\n")[0].splitlines() == made


def test_who_may_what_is_the_table_of_the_code_in_vietnamese() -> None:
    def called(roles: Roles | None) -> str:
        words = [said(Message(f"role.{role}"), "vi") for role in in_order(roles or NO_ROLE)]
        return ", ".join(words) or "ai cũng được"

    rows: dict[str, list[str]] = {}
    for command, roles in MAY.items():
        rows.setdefault(called(roles), []).append(f"`{command}`")
    page = text(ROOT / "docs" / "vi" / "technician" / "roles.md")
    told = page.partition("| ai | lệnh |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    assert sorted(told) == sorted(f"| {who} | {', '.join(rows[who])} |" for who in rows)


def test_each_command_of_the_gate_has_its_row() -> None:
    """Without one it would be refused to everybody, and not in words."""
    named = {ctx.command_path.removeprefix("edge-agent ") for ctx in leaves()}
    assert {name for name in named if not name.startswith("receive")} == MAY.keys()


@each_page
def test_settings_that_a_page_names_exist(page: Path) -> None:
    named = re.findall(r"\[([a-z]+)\] ([a-z_]+)", text(page))
    known = settings()
    for name, key in named:
        # "[mqt]: there is …" and the like are messages about a key that is wrong.
        assert (name, key) in known or (name, key) == ("sensor", "prot"), f"[{name}] {key}"


def command_of(words: list[str]) -> tuple[click.Command, list[str]] | None:
    """The command that the words begin with, and the rest; None where they name none."""
    found: click.Command = main
    while isinstance(found, click.Group) and words:
        following = found.get_command(click.Context(found), words[0])
        if following is None:
            alone = found.invoke_without_command and words[0].startswith("-")
            return (found, words) if alone else None
        found, words = following, words[1:]
    return found, words


def examples(page: Path) -> list[str]:
    """What follows ``edge-agent`` in shell blocks and in code within sentences."""
    shell = re.findall(r"^\$? ?(?:\S*/)?edge-agent +(.+)$", text(page), re.MULTILINE)
    inline = re.findall(r"`edge-agent +([^`]+)`", prose(page))
    return [line.split("#")[0].split("…")[0] for line in shell + inline]


@each_page
def test_commands_that_a_page_names_exist(page: Path) -> None:
    for example in examples(page):
        words = re.sub(r"[\[\]]", " ", example).split()
        if words[0].startswith("-") or words[0] in ("COMMAND", "LỆNH"):
            continue
        found = command_of(words)
        assert found, f"edge-agent {example}"
        command, rest = found
        options = {name for option in command.params for name in option.opts} | {"--help", "--lang"}
        for word in rest:
            assert not word.startswith("--") or word in options, f"edge-agent {example}: {word}"


def test_each_page_for_technicians_is_in_vietnamese_too() -> None:
    english, vietnamese = (
        {page.name for page in (ROOT / folder).glob("*.md")}
        for folder in ("docs/technician", "docs/vi/technician")
    )
    assert english - vietnamese == set()


def test_every_command_is_told() -> None:
    told = [example.split() for example in examples(ROOT / "docs" / "cli.md")]
    for name in main.list_commands(click.Context(main)):
        command = main.get_command(click.Context(main), name)
        assert command
        if command.hidden:
            continue
        inner = command.commands if isinstance(command, click.Group) else [None]
        for words in ([name, part] if part else [name] for part in inner):
            assert any(example[: len(words)] == words for example in told), words


def test_exit_codes_are_told() -> None:
    told = re.findall(r"^\| (\d+) \|", section(ROOT / "docs" / "cli.md", "Exit codes"), re.M)

    assert {str(error.exit_code) for error in subclasses(EdgeAgentError)} <= set(told)


def subclasses(kind: type[EdgeAgentError]) -> set[type[EdgeAgentError]]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_models_and_faults_of_the_simulator_are_told() -> None:
    page = text(ROOT / "docs" / "simulator.md")

    for name in FAULTS:
        assert f"{name:<18} {said(Message(f'fault.{name}'), ENGLISH)}" in page
    for model in MODELS:
        assert model in page


def test_payroll_s_example_is_the_file_and_short() -> None:
    example = text(ROOT / "docs" / "examples" / "payroll_subscriber.py")

    assert f"```python\n{example}```" in text(ROOT / "docs" / "payroll.md")
    assert len(example.splitlines()) <= 45
    assert example.startswith("# SPDX-License-Identifier: CC0-1.0\n")
