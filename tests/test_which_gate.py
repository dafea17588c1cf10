"""Commands that are told go to the gate that was asked about: with its ``--config``."""

import os
import re
from pathlib import Path

import pytest

from edge_agent import cli
from edge_agent.cli import which_gate
from edge_agent.contract.language import LANGUAGES

from . import catalogues
from .commands import Edge, leaves

OTHER = ("--config", "other gate.toml")

TAKES = {
    " ".join(ctx.command_path.split()[1:])
    for ctx in leaves()
    if any("--config" in one.opts for one in ctx.command.params)
}


@pytest.fixture
def other(edge: Edge) -> Edge:
    """The same, where a second gate's settings lie beside those that are usual."""
    text = Path(os.environ["EDGE_AGENT_CONFIG"]).read_text()
    Path(OTHER[1]).write_text(text.replace("gate.db", "other.db").replace("main-", "side-"))
    return edge


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("workers", "add", "NV7", "Lò Thị Mơ"),
            "edge-agent enroll --config 'other gate.toml' NV7",
        ),
        (("status",), "Hãy khởi động: edge-agent run --config 'other gate.toml'"),
        (("doctor", "--problems"), "edge-agent run --config 'other gate.toml'"),
        (("workers", "show", "NV9"), "'edge-agent workers list --config 'other gate.toml''"),
        (("config", "check"), "Khởi động: edge-agent run --config 'other gate.toml'"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_a_command_that_is_told_is_for_the_gate_that_was_asked_about(
    other: Edge, words: tuple[str, ...], told: str
) -> None:
    assert other("workers", "add", "NV1", "Vi Văn Ba", *OTHER).exit_code == 0
    done = other(*words, *OTHER)
    assert told in " ".join((done.stdout + done.stderr).split())
    usual = other(*words, "--config", os.environ["EDGE_AGENT_CONFIG"])
    assert "--config" not in usual.stdout + usual.stderr


def test_a_line_that_has_it_already_does_not_get_it_again(other: Edge) -> None:
    assert other("workers", "add", "NV1", "Vi Văn Ba", *OTHER).exit_code == 0
    done = other("workers", "leave", "NV1", *OTHER)
    assert (done.exit_code, done.stderr.count("--config")) == (65, 1), done.stderr


def test_json_is_as_it_was(other: Edge) -> None:
    other("workers", "add", "NV1", "Vi Văn Ba", *OTHER)
    assert "--config" not in other("doctor", "--json", *OTHER).stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_command_of_a_sentence_gets_it_that_takes_it(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(which_gate, "_typed", "x.toml")
    monkeypatch.setattr(which_gate, "_root", cli.main)
    texts = [text for forms in catalogues.words(language).values() for text in forms]
    seen = set()
    for text in texts:
        told = which_gate.for_this_gate(text)
        assert told.replace(" --config x.toml", "") == text
        if "--config" in text:
            continue
        for path in re.findall(r"(?<![\w/@.-])edge-agent ([a-z-]+(?: [a-z-]+)?)", told):
            own = path if path in TAKES else path.split()[0]
            if own in TAKES:
                seen.add(own)
                assert f"edge-agent {own} --config x.toml" in told, text
    assert len(seen) > 40
    assert which_gate.for_this_gate("edge-agent receive close") == "edge-agent receive close"
    assert which_gate.for_this_gate("journalctl -u edge-agent -n 5") == (
        "journalctl -u edge-agent -n 5"
    )


def test_it_is_not_kept_for_the_next_command(other: Edge) -> None:
    other("status", *OTHER)
    assert which_gate.for_this_gate("edge-agent status") == "edge-agent status"
