"""Every command of a gate whose daemon runs, as users of this machine who have each role.

Each really gives up root's rights; the kernel tells the daemon who asks, and the system's groups
what they may. Nothing is traced, whoever may not is told who may, in their language, and each exit
code is a documented one. By default each command is asked by one role, in turns; all of it is long.
"""

import codecs
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest

from edge_agent.contract.language import ENGLISH, VIETNAMESE
from edge_agent.gate.roles import MAY, Role, may
from tests.english import english
from tests.forks import import_everything
from tests.line import FILES, ROLES, assert_well_ended, documented_codes, typed
from tests.other_user import as_user, needs_root

from .gate import Gate
from .test_every_command import ARGUMENTS
from .watch import Ended, Event, Watch

pytestmark = needs_root

USERS: dict[Role | str, str] = {
    "root": "root",
    Role.TECHNICIAN: "games",
    Role.SUPERVISOR: "news",
    Role.AUDITOR: "mail",
    "none": "nobody",
}
"""Users of any Debian, each in a group of that name: so no user has to be made for a test."""

_FOREVER = ("watch", "display", "demo", "simulate")
"""What does not end by itself, or is no gate's."""

_ELSEWHERE = ("upgrade", "setup")
"""What changes the machine."""

_FOR_PROGRAMS = ("metrics",)
"""What is English in any language."""

_NEEDS_FINGER = ("identify", "sensor image")

COMMANDS = [name for name in MAY if name not in (*_FOREVER, *_ELSEWHERE)]


@pytest.fixture
def open_gate(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A gate whose daemon runs as root, and whose folder its group may enter, with files to take.

    Commands are typed in a folder of everybody's.
    """
    import_everything()  # Another user may not be able to read what an import reads.
    codecs.lookup("utf-8-sig")  # So does what a settings file is read with.
    time.strptime("2026", "%Y")  # Python itself imports what that takes at its first use.
    gate.folder.chmod(0o750)
    gate.set(roles={role.value: USERS[role] for role in Role})
    desk = gate.folder / "desk"
    desk.mkdir()
    desk.chmod(0o777)
    for name, text in FILES.items():
        (desk / name).write_text(text)
        (desk / name).chmod(0o666)
    gate.start()
    monkeypatch.chdir(desk)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(gate.config))
    return gate


@pytest.fixture
def presses(open_gate: Gate) -> Iterator[None]:
    """Somebody at the sensor, who puts a finger down whenever the gate waits for one."""
    watch = Watch(open_gate.socket)

    def awaiting(request: bool) -> Callable[[Event], bool]:
        return lambda event: event["event"] == "awaiting" and bool(event["request"]) is request

    def follow() -> None:
        with suppress(Ended):
            while True:
                watch.until(awaiting(True), within_s=3600)
                while not seen(awaiting(False), within_s=0.5):
                    # The first one may be a punch still: presses come before requests.
                    open_gate.finger("press NV001 0.4")

    def seen(wanted: Callable[[Event], bool], within_s: float) -> bool:
        with suppress(Empty):
            watch.until(wanted, within_s)
            return True
        return False

    following = Thread(target=follow)
    following.start()
    yield
    watch.close()
    following.join()


def clear(desk: Path) -> None:
    """What others have made goes, and may be made anew."""
    for file in desk.iterdir():
        if file.name not in FILES:
            file.unlink()


def asked(gate: Gate, command: str, role: Role | str, language: str) -> None:
    words = [*command.split(), *ARGUMENTS[command]]
    codes, reading, writing = documented_codes(), *os.pipe()

    def type_it() -> None:
        done = typed(words, language=language)
        assert_well_ended(done, (role, *words), codes)
        told = json.dumps([done.exit_code, done.stdout, done.stderr])
        with open(writing, "w", closefd=False) as out:
            out.write(told)

    answer: Queue[str] = Queue()
    with open(reading) as told:
        reader = Thread(target=lambda: answer.put(told.read()))
        reader.start()
        said = as_user(USERS[role], type_it, os.stat(gate.folder).st_gid)
        os.close(writing)
        reader.join()
    assert said == "", (role, words)
    code, out, err = json.loads(answer.get())
    if language == VIETNAMESE and command not in _FOR_PROGRAMS:
        assert english(out + err) == [], (role, words)
    roles = frozenset({role} if isinstance(role, Role) else ())
    allowed = role == "root" or may(roles, command)
    refusal = {
        VIETNAMESE: f"mới dùng được 'edge-agent {command}'",
        ENGLISH: f"may use 'edge-agent {command}'",
    }[language]
    refused = refusal in err
    assert refused is not allowed, (role, words, out, err)
    assert code == 77 or not refused, (role, words, code)


@pytest.mark.parametrize(
    ("whole", "language"),
    [
        (False, VIETNAMESE),
        pytest.param(True, VIETNAMESE, marks=pytest.mark.long),
        pytest.param(True, ENGLISH, marks=pytest.mark.long),
    ],
)
@pytest.mark.usefixtures("presses")
def test_every_command_of_each_role_is_answered_by_a_daemon_that_runs(
    open_gate: Gate, whole: bool, language: str
) -> None:
    for at, command in enumerate(COMMANDS):
        for role in ROLES if whole else (ROLES[at % len(ROLES)],):
            clear(Path.cwd())
            asked(open_gate, command, role, language)
    assert open_gate.status()["daemon"] == "running"
