"""The daemon's end of the control socket: nobody can hold it up."""

import os
import queue
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.contract.errors import BadRequest, EdgeAgentError, StoreFault
from edge_agent.gate.control.server import ControlServer, Conversation
from edge_agent.gate.errors import GateBusy, SocketFault
from edge_agent.gate.events import AnyEvent, Confirmed, LedgerGrew, Outcome, PanelShown
from edge_agent.gate.people.requests import StepKind

from .serving import STATUS, Talker, carry_out_at_once, serving

ASK_STATUS = b'{"ask":"status"}\n'
WATCH = b'{"ask":"watch"}\n'
WATCHING = b'{"event":"watching"}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def send_for_ever(client: Talker, data: bytes) -> None:
    while True:
        client.send(data)


def beat_for_ever(conversation: Conversation) -> None:
    while True:
        conversation.beat()


def test_a_request_is_answered(path: Path) -> None:
    with serving(path), Talker(path) as client:
        client.send(ASK_STATUS)
        assert client.answer() == {"answer": "done", "result": STATUS}
        client.send(b'{"ask":"add-worker","code":"007","name":"Lan"}\n')
        assert client.answer()["result"]["did"] == "AddWorker"


def test_the_actor_is_whom_the_kernel_names(path: Path) -> None:
    with serving(path), Talker(path) as client:
        client.send(b'{"ask":"identify","actor":"uid:4711"}\n')
        assert client.answer()["result"]["actor"] == f"uid:{os.getuid()}"


def test_requests_may_come_in_pieces_and_together(path: Path) -> None:
    with serving(path), Talker(path) as client:
        for byte in ASK_STATUS * 2:
            client.send(bytes([byte]))
        client.send(ASK_STATUS * 3 + ASK_STATUS[:5])
        client.send(ASK_STATUS[5:])
        assert [client.answer()["result"] for _ in range(6)] == [STATUS] * 6


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"rubbish",
        b"{}",
        b"null",
        b"[]",
        b'{"ask":"make-coffee"}',
        b'{"ask":"end-transfer"}',  # What commands of an earlier version ask for.
        b'{"ask":"clear-password"}',
        b'{"ask":"enroll","code":7,"finger":"right-index"}',
        b'{"ask":"enroll"}',
        b'{"ask":"\xff"}',
        b'{"ask":"status","x":' + b"[" * 60_000,
        b'{"ask":"add-worker","code":"\\ud800","name":"x"}',
    ],
)
def test_what_is_no_request_is_told_so(path: Path, line: bytes) -> None:
    with serving(path), Talker(path) as client:
        client.send(line + b"\n")
        answer = client.answer()
        assert (answer["answer"], answer["exit_code"]) == ("failed", 65)
        assert answer["error"].startswith("This is no request of the control socket: ")
        client.send(ASK_STATUS)
        assert client.answer()["result"] == STATUS


@given(st.lists(st.binary(max_size=60), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_end_the_server(served: Path, junk: list[bytes]) -> None:
    with Talker(served) as client:
        client.send(b"\n".join(junk) + b"\n" + ASK_STATUS)
        for line in iter(client.answer, None):
            if line == {"answer": "done", "result": STATUS}:
                break


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("control") / "control.sock"
    with serving(path):
        yield path


def test_a_request_that_never_ends_is_cut_off(path: Path) -> None:
    with serving(path), Talker(path) as endless, Talker(path) as other:
        with pytest.raises(ConnectionError):
            send_for_ever(endless, b"x" * 65536)
        other.send(ASK_STATUS)
        assert other.answer()["result"] == STATUS


def test_many_clients_at_once(path: Path) -> None:
    with serving(path):
        clients = [Talker(path) for _ in range(50)]
        for client in clients:
            client.send(ASK_STATUS)
        assert all(client.answer()["result"] == STATUS for client in clients)
        for client in clients:
            client.close()


def test_nobody_takes_all_places(path: Path) -> None:
    with serving(path):
        clients = [Talker(path) for _ in range(64)]
        with socket.socket(socket.AF_UNIX) as late:
            late.connect(os.fspath(path))
            with suppress(ConnectionError):
                assert late.recv(1) == b""
        clients.pop().close()
        clients[0].send(ASK_STATUS)
        assert clients[0].answer()["result"] == STATUS
        for client in clients:
            client.close()


def test_a_turn_answers_one_request_of_a_client(path: Path) -> None:
    """Or a client that asks much at once would hold up what the thread has to do beside."""
    asked: list[int] = []

    def status() -> dict[str, Any]:
        asked.append(1)
        return STATUS

    server = ControlServer(path, lambda request, conversation: None, status)
    with closing(server), Talker(path) as client:
        server.serve_for(5)
        client.send(ASK_STATUS * 20)
        for turn in range(1, 21):
            server.serve_for(5)
            assert len(asked) == turn
        assert [client.answer()["result"] for _ in range(20)] == [STATUS] * 20


def test_a_client_that_reads_no_answers_is_dropped(path: Path) -> None:
    with serving(path), Talker(path) as deaf, Talker(path) as other:
        with pytest.raises(ConnectionError):
            send_for_ever(deaf, ASK_STATUS * 1000)
        other.send(ASK_STATUS)
        assert other.answer()["result"] == STATUS


@pytest.mark.parametrize("error", [StoreFault("The disk is full."), BadRequest("No.")])
def test_a_status_that_cannot_be_told_is_told_as_that(path: Path, error: EdgeAgentError) -> None:
    def status() -> dict[str, object]:
        raise error

    with serving(path, status=status), Talker(path) as client:
        client.send(ASK_STATUS)
        assert client.answer() == {
            "answer": "failed",
            "error": str(error),
            "exit_code": error.exit_code,
        }


def test_watchers_get_every_event_as_it_was_told(path: Path) -> None:
    events: list[AnyEvent] = [
        PanelShown(outcome=Outcome.RECORDED, worker="Đ07", seq=2),
        LedgerGrew(seq=2, kind="punch.recorded"),
        PanelShown(outcome=Outcome.TRY_AGAIN, hint="wipe"),
        Confirmed(through=2),
    ]
    with serving(path) as server:
        watchers = [Talker(path) for _ in range(3)]
        for watcher in watchers:
            watcher.send(WATCH)
            assert watcher.line() == WATCHING
        with Talker(path) as other:
            other.send(ASK_STATUS)
            other.answer()
            for event in events:
                server.tell(event)
            for watcher in watchers:
                told = [watcher.line() for _ in events]
                assert told == [msgspec.json.encode(event) + b"\n" for event in events]
                watcher.close()
            other.send(ASK_STATUS)
            assert other.answer()["answer"] == "done"  # who does not watch is not told


def test_the_first_line_says_that_the_stream_has_begun(path: Path) -> None:
    server = ControlServer(path, carry_out_at_once, lambda: STATUS)
    with Talker(path) as client:
        server.serve_for(60)
        client.send(WATCH)
        server.tell(Confirmed(through=1))  # on its way when the request comes
        server.serve_for(60)
        server.tell(Confirmed(through=2))
        server.serve_for(60)
        server.close()
        lines = client.rest()
    assert lines[0] == WATCHING
    assert lines[-1] == b'{"event":"confirmed","through":2}\n'


def test_a_watcher_that_never_reads_is_dropped_and_holds_nobody_up(path: Path) -> None:
    told = 20_000
    with serving(path) as server, Talker(path) as deaf, Talker(path) as other:
        for watcher in (deaf, other):
            watcher.send(WATCH)
            assert watcher.line() == WATCHING
        heard: list[bytes] = []
        reader = threading.Thread(target=lambda: heard.extend(other.line() for _ in range(told)))
        reader.start()
        for seq in range(told):
            server.tell(LedgerGrew(seq=seq, kind="punch.recorded"))
            while seq - len(heard) > 1000:  # a reader that keeps up
                reader.join(0.001)
        reader.join(60)
        expected = [
            msgspec.json.encode(LedgerGrew(seq=seq, kind="punch.recorded")) + b"\n"
            for seq in range(told)
        ]
        assert heard == expected
        left = deaf.rest()
        assert len(left) < told
        assert left == expected[: len(left)] or left[:-1] == expected[: len(left) - 1]


def test_telling_never_waits(path: Path) -> None:
    """Nobody serves: the wake-up pipe fills, and telling goes on."""
    server = ControlServer(path, carry_out_at_once, lambda: STATUS)
    for seq in range(20_000):
        server.tell(Confirmed(through=seq))
    server.close()
    server.tell(Confirmed(through=0))


def test_a_conversation_has_steps(path: Path) -> None:
    def work(request: object, conversation: Conversation) -> None:
        conversation.step(StepKind.PRESS)
        conversation.step(StepKind.TRY_AGAIN, "wipe")
        conversation.failed(BadRequest("No finger came."))

    with serving(path, work), Talker(path) as client:
        client.send(b'{"ask":"identify"}\n')
        assert [client.answer() for _ in range(3)] == [
            {"answer": "step", "what": "press", "hint": None},
            {"answer": "step", "what": "try-again", "hint": "wipe"},
            {"answer": "failed", "error": "No finger came.", "exit_code": 65},
        ]


def test_a_client_that_goes_away_is_noticed(path: Path) -> None:
    conversations: queue.Queue[Conversation] = queue.Queue()
    with serving(path, lambda request, conversation: conversations.put(conversation)):
        client = Talker(path)
        client.send(b'{"ask":"identify"}\n')
        conversation = conversations.get(timeout=60)
        conversation.beat()
        client.close()
        with pytest.raises(BadRequest, match="has gone: nothing was changed"):
            beat_for_ever(conversation)
        with pytest.raises(BadRequest, match="has gone"):
            conversation.step(StepKind.LIFT)
        conversation.done({})  # nobody hears it, and nobody minds
        with Talker(path) as other:
            other.send(ASK_STATUS)
            assert other.answer()["result"] == STATUS


def test_a_socket_left_by_a_crash_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as crashed:
        crashed.bind(str(path))
    with serving(path), Talker(path) as client:
        client.send(ASK_STATUS)
        assert client.answer()["result"] == STATUS
    assert not path.exists()


def test_a_socket_that_answers_is_left_alone(path: Path) -> None:
    with serving(path):
        with pytest.raises(GateBusy, match="Another daemon answers"):
            ControlServer(path, carry_out_at_once, lambda: STATUS)
        with Talker(path) as client:
            client.send(ASK_STATUS)
            assert client.answer()["result"] == STATUS


def test_only_the_group_may_command_the_gate(path: Path) -> None:
    with serving(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.parametrize("place", ["none/control.sock", "file"])
def test_a_place_where_no_socket_can_be_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"keep me")
    with pytest.raises(SocketFault, match="cannot be made"):
        ControlServer(tmp_path / place, carry_out_at_once, lambda: STATUS)
    assert (tmp_path / "file").read_bytes() == b"keep me"


def test_stopping_hangs_up(path: Path) -> None:
    with serving(path):
        client = Talker(path)
        client.send(WATCH)
        assert client.line() == WATCHING
    assert client.rest() == []
    client.close()
    assert not path.exists()
