"""Where Vietnamese is asked for, no command of a gate answers in English."""

import os
from collections.abc import Iterator
from tempfile import TemporaryFile

import pytest

from tests.english import english
from tests.patience import PATIENCE_S

from .gate import Gate, name_of
from .test_every_command import ARGUMENTS, LEAVES, commands, line, needs_gate

VIETNAMESE = {"LANG": "vi_VN.UTF-8", "LANGUAGE": ""}

GATES = [name for name in LEAVES if needs_gate(name)]


def said(arguments: list[str], gate: Gate) -> tuple[int, str]:
    """The exit code of a command, and all that it says."""
    assert Gate.forks is not None
    with TemporaryFile("w+") as out:
        process = Gate.forks.start(
            arguments,
            stdout=out.fileno(),
            stderr=out.fileno(),
            cwd=gate.folder,
            environment={**os.environ, **VIETNAMESE},
        )
        code = process.wait(PATIENCE_S)
        out.seek(0)
        return code, out.read()


def wrong(command: str) -> Iterator[list[str]]:
    """Ways to mistype a command."""
    yield [*command.split(), "--no-such-option"]
    yield [*command.split(), *ARGUMENTS[command], "one", "too", "many"]
    yield command.split()


@pytest.fixture
def spoken(gate: Gate) -> Gate:
    """A gate that is stopped, with what commands of every kind take."""
    assert gate.cli("punches", "add", *ARGUMENTS["punches add"]).code == 0
    return gate


def test_no_command_answers_in_english(spoken: Gate) -> None:
    for command in GATES:
        code, told = said(line(command, spoken), spoken)
        assert (command, english(told)) == (command, []), told
        assert "Traceback" not in told
        assert code != 2, (command, told)


def test_no_help_is_english(spoken: Gate) -> None:
    everything = {" ".join(name.split()[:1]) for name in GATES} | set(GATES)
    for command in sorted(everything):
        code, told = said([*command.split(), "--help"], spoken)
        assert (command, code, english(told)) == (command, 0, [])


def test_no_typing_error_is_answered_in_english(spoken: Gate) -> None:
    for command in GATES:
        if command == "ledger readable":
            continue
        for arguments in wrong(command):
            _, told = said([*arguments, "--config", str(spoken.config)], spoken)
            assert (arguments, english(told)) == (arguments, [])


def test_a_running_gate_is_spoken_of_in_vietnamese(spoken: Gate) -> None:
    spoken.simulate("--no-pace")
    spoken.start()
    for command in ("status", "doctor", "workers list", "sensor info", "punches list"):
        _, told = said([*command.split(), "--config", str(spoken.config)], spoken)
        assert (command, english(told)) == (command, []), told
    _, told = said(["workers", "add", "NV004", name_of("NV004"), *config(spoken)], spoken)
    assert told.startswith("edge-agent: Công nhân NV004 đã có rồi")


def config(gate: Gate) -> list[str]:
    return ["--config", str(gate.config)]


def test_english_is_found_where_it_is() -> None:
    """The control of the tests above."""
    assert english("Cổng t đang chạy.\nThe daemon has stopped.") == ["The daemon has stopped."]
    assert english("Chạy 'edge-agent the thing' và xem /the/path.") == []
    assert {name for name, _ in commands()} >= set(GATES)
