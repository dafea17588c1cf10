"""The daemon's end of the control socket: nobody can hold it up."""

import json
import os
import pwd
import queue
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from edge_agent.contract.errors import BadRequest, EdgeAgentError, StoreFault
from edge_agent.gate.control import server as control_server
from edge_agent.gate.control.client import Refusal, ask, ask_status
from edge_agent.gate.control.server import ControlServer, Conversation
from edge_agent.gate.errors import GateBusy, SocketFault
from edge_agent.gate.events import AnyEvent, Confirmed, LedgerGrew, Outcome, PanelShown
from edge_agent.gate.host.who_may import WhoMay
from edge_agent.gate.people.answers import StepKind
from edge_agent.gate.people.handlers import HANDLERS
from edge_agent.gate.people.requests import AskSensor, Request, VoidPunch
from edge_agent.gate.roles import GROUPS, ONLY_LOOKS, Role, may
from tests.gate.fake_machine import FakeMachine
from tests.other_user import as_user, needs_root, open_folder
from tests.patience import PATIENCE_S

from .serving import STATUS, Talker, carry_out_at_once, serving


def plain(kind: type[Request]) -> bytes:
    """A request of this kind, of which nothing is carried out."""
    told = inspect.type_info(kind)
    assert isinstance(told, inspect.StructType)
    fields = {one.encode_name: _plain(one.type) for one in told.fields if one.required}
    return msgspec.json.encode({"ask": told.tag} | fields) + b"\n"


def _plain(kind: inspect.Type) -> Any:
    match kind:
        case inspect.ListType():
            return []
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.IntType() | inspect.BoolType():
            return 1 if isinstance(kind, inspect.IntType) else True
        case inspect.StrType(pattern=str()):  # A backup's id.
            return "0" * 32
    return "x"


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


def test_a_question_that_nobody_foresaw_ends_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def unforeseen() -> dict[str, Any]:
        raise OverflowError("Nông Thị Thắm")

    with serving(path, status=unforeseen), Talker(path) as client:
        client.send(ASK_STATUS)
        assert client.answer()["exit_code"] == BadRequest.exit_code
        client.send(b'{"ask":"names"}\n')
        assert client.answer()["answer"] == "done"
    assert "OverflowError" in caplog.text
    assert "Thắm" not in caplog.text


@pytest.mark.parametrize(("asks", "by"), [(0, 1002), (990, 1002), (1001, 1001)])
def test_root_and_the_gates_own_user_may_ask_for_somebody_else(
    path: Path, monkeypatch: pytest.MonkeyPatch, asks: int, by: int
) -> None:
    class AClient(control_server.Client):
        def __init__(self, channel: socket.socket) -> None:
            super().__init__(channel)
            self.uid = asks

    monkeypatch.setattr(control_server, "Client", AClient)
    machine = FakeMachine(monkeypatch)
    machine.add_user("lan", 1001)
    machine.groups = {GROUPS[Role.TECHNICIAN]: ["lan"]}
    with serving(path, who_may=WhoMay(owners=(990,))), Talker(path) as client:
        client.send(b'{"ask":"identify","by":1002}\n')
        assert client.answer()["result"]["actor"] == f"uid:{by}"
        client.send(b'{"ask":"identify","by":"root"}\n')
        assert client.answer()["exit_code"] == 65


def test_the_actor_is_whom_the_kernel_names(path: Path) -> None:
    with serving(path), Talker(path) as client:
        client.send(b'{"ask":"identify","actor":"uid:4711"}\n')
        assert client.answer()["result"]["actor"] == f"uid:{os.getuid()}"


LAN = 1001


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    """Lan's machine, with the groups of the roles; whoever connects is Lan."""

    class LansClient(control_server.Client):
        def __init__(self, channel: socket.socket) -> None:
            super().__init__(channel)
            self.uid = LAN

    monkeypatch.setattr(control_server, "Client", LansClient)
    machine = FakeMachine(monkeypatch)
    machine.add_user("lan", LAN)
    machine.groups = {name: [] for name in GROUPS.values()}
    return machine


def test_each_request_is_answered_by_the_role_of_whoever_asks(
    path: Path, machine: FakeMachine
) -> None:
    asked: list[Request] = []

    def work(request: Request, conversation: Conversation) -> None:
        asked.append(request)
        conversation.done({})

    for role in Role:
        machine.groups = {name: [] for name in GROUPS.values()} | {GROUPS[role]: ["lan"]}
        with serving(path, work, who_may=WhoMay(owners=())), Talker(path) as client:
            for kind in HANDLERS:
                asked.clear()
                client.send(plain(kind))
                told = client.answer()
                permitted = may(frozenset({role}), kind.command)
                assert [type(request) for request in asked] == [kind] * permitted, (role, kind)
                assert told["answer"] == ("done" if permitted else "failed"), (role, kind)
                assert permitted or (told["exit_code"], told["name"]) == (77, "role.nobody-yet")


def test_the_displays_user_may_look_and_change_nothing(path: Path, machine: FakeMachine) -> None:
    machine.add_user(ONLY_LOOKS, LAN)
    machine.groups = {name: [ONLY_LOOKS] for name in GROUPS.values()}
    asked: list[Request] = []
    with (
        serving(path, lambda request, _: asked.append(request), who_may=WhoMay(owners=())),
        Talker(path) as client,
    ):
        for kind in HANDLERS:
            client.send(plain(kind))
            told = client.answer()
            assert (told["answer"], told["exit_code"]) == ("failed", 77)
            assert "may look, and change nothing" in told["error"]
        for line in (ASK_STATUS, b'{"ask":"names"}\n', b'{"ask":"day","code":"007"}\n'):
            client.send(line)
            assert client.answer()["answer"] == "done"
        client.send(WATCH)
        assert client.line() == WATCHING
    assert asked == []


def test_who_leaves_a_group_is_refused_at_the_next_request(
    path: Path, machine: FakeMachine, caplog: pytest.LogCaptureFixture
) -> None:
    """On a connection that was there before, and in whatever session."""
    machine.groups[GROUPS[Role.TECHNICIAN]] = ["lan", "minh"]
    question = plain(AskSensor)
    with serving(path, who_may=WhoMay(owners=())), Talker(path) as client:
        client.send(question)
        assert client.answer()["answer"] == "done"
        machine.groups[GROUPS[Role.TECHNICIAN]] = ["minh"]
        client.send(question)
        assert client.answer()["name"] == "role.none"
        machine.groups[GROUPS[Role.TECHNICIAN]] = ["lan"]
        client.send(question)
        assert client.answer()["answer"] == "done"
    assert f"uid {LAN} may not use 'sensor info'" in caplog.text


@needs_root
def test_the_kernel_says_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a client sends, it is nobody else; it is told who may."""
    machine = FakeMachine(monkeypatch)
    machine.add_user("nobody", pwd.getpwnam("nobody").pw_uid)
    machine.groups = {name: [] for name in GROUPS.values()}
    machine.groups[GROUPS[Role.SUPERVISOR]] = ["nobody"]
    machine.groups[GROUPS[Role.TECHNICIAN]] = ["hoa", "minh"]
    with open_folder() as folder, serving(folder / "s", who_may=WhoMay(owners=())):

        def ask_both() -> None:
            ask(folder / "s", VoidPunch(seq=1, reason="x"), lambda step: None)
            ask(folder / "s", AskSensor(), lambda step: None)

        told = as_user("nobody", ask_both, os.getgid())
    assert told == (
        "Refusal: Only a technician may use 'edge-agent sensor info', and nobody is a supervisor: "
        "ask hoa or minh."
    )


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
        clients = [Talker(path) for _ in range(16)]
        for client in clients:
            client.send(ASK_STATUS)
        assert all(client.answer()["result"] == STATUS for client in clients)
        for client in clients:
            client.close()


def somebody_else_who_asks(path: Path) -> tuple[int, int]:
    """A process that asks for the status as nobody once it is told to, and its answer.

    Both ends are descriptors. It is made before there are threads.
    """
    go, tell = os.pipe()
    answer, write = os.pipe()
    if os.fork() == 0:
        try:
            os.read(go, 1)
            os.setgid(65534)
            os.setuid(65534)
            with Talker(path) as client:
                client.send(ASK_STATUS)
                os.write(write, client.line())
        finally:
            os._exit(0)
    os.close(go)
    os.close(write)
    return tell, answer


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be somebody else")
def test_nobody_takes_the_places_of_others() -> None:
    with TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "control.sock"
        tell, answer = somebody_else_who_asks(path)
        with serving(path), open(tell, "wb") as told, open(answer, "rb") as answered:
            path.chmod(0o666)
            clients = [Talker(path) for _ in range(16)]
            told.write(b"!")
            told.flush()
            assert json.loads(answered.read())["result"] == STATUS
            for client in clients:
                client.close()
        os.wait()


def test_one_user_has_so_many_places_and_is_told_so(path: Path) -> None:
    with serving(path):
        clients = [Talker(path) for _ in range(16)]
        with Talker(path) as late:
            assert "Too many commands" in late.answer()["error"]
            assert late.line() == b""
        clients.pop().close()
        clients[0].send(ASK_STATUS)
        assert clients[0].answer()["result"] == STATUS
        for client in clients:
            client.close()


def test_who_goes_with_a_request_under_way_takes_a_place_until_it_is_answered(path: Path) -> None:
    """Connect, ask, hang up, again and again: each would be one more that waits for the gate."""
    under_way: list[Conversation] = []
    server = ControlServer(path, lambda request, conversation: under_way.append(conversation), dict)
    with closing(server):
        for _ in range(40):
            with Talker(path) as client, suppress(OSError):
                client.send(b'{"ask":"identify"}\n')
                server.serve_for(1)
                server.serve_for(0.05)
            server.serve_for(0.05)
        assert len(under_way) == 16
        assert all(conversation.given_up for conversation in under_way)
        under_way[0].failed(BadRequest("control.command-gone"))
        server.serve_for(1)
        with Talker(path) as client:
            client.send(b'{"ask":"identify"}\n')
            for _ in range(3):
                server.serve_for(0.05)
            assert len(under_way) == 17


def test_a_command_that_was_turned_away_says_why(path: Path) -> None:
    with serving(path):
        clients = [Talker(path) for _ in range(16)]
        with pytest.raises(Refusal, match="Too many commands of this user"):
            ask_status(path)
        for client in clients:
            client.close()


def test_a_client_that_says_nothing_makes_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_server, "_IDLE_S", 0.05)
    with serving(path), Talker(path) as watcher:
        watcher.send(WATCH)
        assert watcher.answer()["event"] == "watching"
        with Talker(path) as idle:
            assert idle.line() == b""
        watcher.send(ASK_STATUS)
        assert watcher.answer()["result"] == STATUS


def test_a_client_has_one_request_at_a_time_under_way(path: Path) -> None:
    """Half a million of them would fill the memory; so the next one waits for the answer."""
    under_way: list[Conversation] = []
    server = ControlServer(path, lambda request, conversation: under_way.append(conversation), dict)
    with closing(server), Talker(path) as client:
        server.serve_for(5)
        client.send(b'{"ask":"identify"}\n' * 3)
        for _ in range(5):
            server.serve_for(0.01)
        assert len(under_way) == 1
        under_way[0].done({"first": True})
        for _ in range(5):
            server.serve_for(0.01)
        assert len(under_way) == 2
        assert client.answer()["result"] == {"first": True}


def test_a_client_that_asks_on_and_on_is_dropped(path: Path) -> None:
    asked: list[Any] = []

    def never(request: Request, conversation: Conversation) -> None:
        asked.append(request)

    with serving(path, never), Talker(path) as client, pytest.raises(ConnectionError):
        send_for_ever(client, b'{"ask":"identify"}\n' * 1000)


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
                server.emit(event)
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
        server.emit(Confirmed(through=1))  # on its way when the request comes
        server.serve_for(60)
        server.emit(Confirmed(through=2))
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
            server.emit(LedgerGrew(seq=seq, kind="punch.recorded"))
            while seq - len(heard) > 1000:  # a reader that keeps up
                reader.join(0.001)
        reader.join(PATIENCE_S)
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
        server.emit(Confirmed(through=seq))
    server.close()
    server.emit(Confirmed(through=0))


def test_a_conversation_has_steps(path: Path) -> None:
    def work(request: object, conversation: Conversation) -> None:
        conversation.step(StepKind.PRESS)
        conversation.step(StepKind.TRY_AGAIN, "wipe")
        conversation.failed(BadRequest("No finger came."))

    none = {"hint": None, "score": None, "worker": None}
    with serving(path, work), Talker(path) as client:
        client.send(b'{"ask":"identify"}\n')
        assert [client.answer() for _ in range(3)] == [
            {"answer": "step", "what": "press", **none},
            {"answer": "step", "what": "try-again", **none, "hint": "wipe"},
            {"answer": "failed", "error": "No finger came.", "exit_code": 65},
        ]


def test_a_client_that_goes_away_is_noticed(path: Path) -> None:
    conversations: queue.Queue[Conversation] = queue.Queue()
    with serving(path, lambda request, conversation: conversations.put(conversation)):
        client = Talker(path)
        client.send(b'{"ask":"identify"}\n')
        conversation = conversations.get(timeout=PATIENCE_S)
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
