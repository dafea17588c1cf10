"""A command's end of the control socket: what a technician is told when the daemon misbehaves."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest

from edge_agent.gate.control import client
from edge_agent.gate.control.client import (
    Refusal,
    ask,
    ask_status,
    daemon_process,
    daemon_runs,
    watch,
)
from edge_agent.gate.control.server import Conversation
from edge_agent.gate.errors import DaemonHangs, DaemonUnreachable, GateBusy
from edge_agent.gate.events import Confirmed, LedgerGrew
from edge_agent.gate.people.answers import Step, StepKind
from edge_agent.gate.people.requests import SECOND_NS, AddWorker, AskStatus, Identify
from tests.patience import PATIENCE_S

from .serving import STATUS, serving


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def no_step(step: Step) -> None:
    pytest.fail(f"unexpected {step}")


@contextmanager
def playing(path: Path, play: Callable[[socket.socket], None]) -> Iterator[None]:
    """Something that answers at ``path`` as it likes, to one client."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        listener.listen()

        def serve() -> None:
            channel, _ = listener.accept()
            with channel:
                play(channel)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(PATIENCE_S)


def test_asking(path: Path) -> None:
    with serving(path):
        assert ask(path, AskStatus(), no_step) == STATUS
        done = ask(path, AddWorker(code="007", name="Lan"), no_step)
        assert done == {"did": "AddWorker", "actor": f"uid:{os.getuid()}"}


def test_steps_are_passed_on_and_a_refusal_keeps_its_exit_code(path: Path) -> None:
    def work(request: object, conversation: Conversation) -> None:
        conversation.step(StepKind.PRESS)
        conversation.step(StepKind.LIFT)
        conversation.failed(GateBusy("Stopping."))

    steps: list[Step] = []
    with serving(path, work), pytest.raises(Refusal, match="Stopping") as caught:
        ask(path, Identify(), steps.append)
    assert caught.value.exit_code == 75
    assert steps == [Step(what=StepKind.PRESS), Step(what=StepKind.LIFT)]


def test_the_stream_is_passed_on_byte_for_byte(path: Path) -> None:
    events = [LedgerGrew(seq=2, kind="punch.recorded"), Confirmed(through=2)]
    with serving(path) as server:
        stream = watch(path)
        assert next(stream) == b'{"event":"watching"}'
        for event in events:
            server.emit(event)
        assert [next(stream) for _ in events] == [msgspec.json.encode(event) for event in events]
    assert list(stream) == []


def test_whether_a_daemon_runs(path: Path) -> None:
    assert not daemon_runs(path)
    with serving(path):
        assert daemon_runs(path)
        assert ask(path, AskStatus(), no_step) == STATUS
    assert not daemon_runs(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as crashed:
        crashed.bind(str(path))
    assert not daemon_runs(path)


def test_no_daemon(path: Path) -> None:
    with pytest.raises(DaemonUnreachable, match="start it with 'edge-agent run'") as caught:
        ask(path, AskStatus(), no_step)
    assert caught.value.exit_code == 69
    with pytest.raises(DaemonUnreachable, match="start it with 'edge-agent run'"):
        next(watch(path))


def hangs_up(channel: socket.socket) -> None:
    channel.recv(1000)


def resets(channel: socket.socket) -> None:
    """Closed with the request unread: the client's next read is a reset."""


def answers_half(channel: socket.socket) -> None:
    channel.recv(1000)
    channel.sendall(b'{"answer":"step","what":"press"}\n{"answer":"do')


@pytest.mark.parametrize("play", [hangs_up, resets, answers_half])
def test_a_daemon_that_dies_in_the_middle(
    path: Path, play: Callable[[socket.socket], None]
) -> None:
    with playing(path, play), pytest.raises(DaemonUnreachable, match="stopped before it had"):
        ask(path, Identify(), lambda step: None)


def test_half_an_event_is_no_event(path: Path) -> None:
    def play(channel: socket.socket) -> None:
        channel.recv(1000)
        channel.sendall(b'{"event":"watching"}\n{"event":"conf')

    with playing(path, play):
        assert list(watch(path)) == [b'{"event":"watching"}']


def test_a_closed_pipe_is_a_daemon_that_has_gone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(channel: socket.socket, data: bytes) -> None:
        channel.shutdown(socket.SHUT_RDWR)
        raise BrokenPipeError

    with serving(path):
        monkeypatch.setattr(socket.socket, "sendall", broken)
        with pytest.raises(DaemonUnreachable, match="stopped before it had"):
            ask(path, AskStatus(), no_step)
        monkeypatch.undo()


def test_a_user_who_may_not(path: Path) -> None:
    user = os.geteuid()
    with serving(path):
        path.chmod(0)
        os.seteuid(user or 65534)  # Root may use everything.
        try:
            for use in (lambda: ask(path, AskStatus(), no_step), lambda: daemon_runs(path)):
                with pytest.raises(DaemonUnreachable, match="may not use the control socket"):
                    use()
        finally:
            os.seteuid(user)


@contextmanager
def hanging(path: Path) -> Iterator[socket.socket]:
    """Something that takes calls and never answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        listener.listen(1)
        yield listener


def test_a_daemon_that_hangs_is_told_by_its_last_sign_of_life(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_QUIET_S", 0.1)
    monkeypatch.setattr(client, "PATIENCE_S", 0.1)
    with hanging(path):
        os.utime(path, ns=(0, 1_700_000_000 * SECOND_NS))
        with pytest.raises(DaemonHangs, match="has not moved for") as caught:
            ask_status(path, 0.1)
        assert (caught.value.last, caught.value.exit_code) == (1_700_000_000.0, 69)
        with pytest.raises(DaemonHangs):
            ask(path, Identify(), no_step)
        with pytest.raises(DaemonHangs):
            next(watch(path))


def test_one_of_an_older_version_gives_no_sign_of_life(path: Path) -> None:
    with hanging(path):
        os.utime(path, ns=(0, 1_700_000_000 * SECOND_NS + 4_000_000))
        with pytest.raises(DaemonHangs, match="does not answer: restart") as caught:
            ask_status(path, 0.1)
    assert caught.value.last is None


def test_one_that_takes_no_calls_any_more_hangs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", 0.1)
    with hanging(path), ExitStack() as waiting:
        for _ in range(2):
            waiting.enter_context(client._connect(path))
        with pytest.raises(DaemonHangs):
            daemon_runs(path)


def test_an_answer_that_takes_its_time_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the daemon lives: somebody has yet to come to the sensor."""
    asked: list[Conversation] = []
    looks: list[bool] = []
    lives = client._lives

    def once_more(path: Path) -> bool:
        if len(looks) == 2:
            asked[0].done({"known": True})
        with monkeypatch.context() as patient:  # The machine may be busy.
            patient.setattr(client, "_QUIET_S", PATIENCE_S)
            looks.append(lives(path))
        return looks[-1]

    monkeypatch.setattr(client, "_QUIET_S", 0.1)
    monkeypatch.setattr(client, "_lives", once_more)
    with serving(path, lambda request, conversation: asked.append(conversation)):
        assert ask(path, Identify(), no_step) == {"known": True}
    assert all(looks)
    assert len(looks) > 2


def test_a_daemon_that_goes_round_gives_a_sign_of_life(path: Path) -> None:
    before = time.time() - 2
    with serving(path):
        ask_status(path)
        last = client.last_sign_of_life(path)
    assert last is not None
    assert before < last <= time.time()


def test_a_field_that_an_older_daemon_does_not_tell(path: Path) -> None:
    with serving(path, status=lambda: {"sensor": {"prints": 3}}):
        told = ask_status(path)
    assert told["sensor"]["prints"] == 3
    assert told["sensor"].get("not_backed_up", 0) == 0
    with pytest.raises(DaemonUnreachable, match="does not tell 'not_backed_up': restart it"):
        told["sensor"]["not_backed_up"]
    assert msgspec.json.encode(told) == b'{"sensor":{"prints":3}}'


def test_which_process_listens_is_told_though_nobody_answers(path: Path) -> None:
    assert daemon_process(path) is None
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        assert daemon_process(path) == os.getpid()
    assert daemon_process(path) is None
