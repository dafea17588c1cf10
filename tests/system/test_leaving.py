"""A technician leaves: the page's drill with real users and groups, in a copy of /etc of the test's
own. Sessions that systemd would end are ended by their process.
"""

import ctypes
import json
import os
import pwd
import re
import shutil
import subprocess
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pyrage
import pytest

from tests.forks import import_everything
from tests.line import typed
from tests.other_user import needs_root

from .gate import OWN, Gate

pytestmark = [
    needs_root,
    pytest.mark.skipif(
        not all(map(shutil.which, ("unshare", "nsenter", "useradd", "gpasswd", "usermod"))),
        reason="util-linux and passwd are not installed",
    ),
]

PAGE = Path(__file__).parents[2] / "docs" / "technician" / "leaving.md"

_GROUPS = ("edge-agent", "edge-agent-technician")


class Machine:
    """A mount namespace with a copy of /etc: whoever is made there, is nobody outside."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree("/etc", folder / "etc", symlinks=True)
        script = f"mount --bind {folder}/etc /etc && echo ready && exec sleep infinity"
        self._holder = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", script],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout
        if self._holder.stdout.readline() != "ready\n":
            self.end()
            pytest.skip("this machine may mount nothing")

    def enter(self) -> None:
        """Be in it from now on: for a process of one thread."""
        with open(f"/proc/{self._holder.pid}/ns/mnt") as own:
            assert ctypes.CDLL(None, use_errno=True).setns(own.fileno(), 0) == 0

    def inside(self, *command: str) -> list[str]:
        """The command line that does this there."""
        return ["nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", *command]

    def run(self, line: str) -> str:
        """What a line of the page says, as root; it succeeds."""
        return subprocess.run(
            self.inside("sh", "-c", line), capture_output=True, text=True, check=True
        ).stdout

    def end(self) -> None:
        """Nothing of it stays."""
        self._holder.kill()
        self._holder.communicate()


class Session:
    """A user who has logged in, with the groups of that moment, and types."""

    def __init__(self, machine: Machine, user: str) -> None:
        ask, self._asked = os.pipe()
        self._told, tell = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.close(self._asked)
                machine.enter()
                person = pwd.getpwnam(user)
                os.initgroups(user, person.pw_gid)
                os.setgid(person.pw_gid)
                os.setuid(person.pw_uid)
                with os.fdopen(ask) as lines:
                    for line in lines:
                        done = typed(json.loads(line))
                        said = json.dumps(
                            [
                                done.exit_code,
                                done.stdout
                                + done.stderr
                                + "".join(traceback.format_exception(done.exception)),
                            ]
                        )
                        os.write(tell, said.encode() + b"\n")
            finally:
                os._exit(0)
        os.close(ask)
        os.close(tell)
        self._answers = os.fdopen(self._told)

    def types(self, *words: str) -> tuple[int, str]:
        """The exit code, and what the command says."""
        os.write(self._asked, json.dumps(words).encode() + b"\n")
        code, said = json.loads(self._answers.readline())
        return code, said

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._asked)
        self._answers.close()
        os.waitpid(self._pid, 0)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """With the gate's groups, and two technicians."""
    machine = Machine(tmp_path)
    try:
        for group in (*_GROUPS, "edge-agent-supervisor", "edge-agent-auditor"):
            machine.run(f"groupadd {group}")
        for user in ("lan", "minh"):
            machine.run(f"useradd -M -G {','.join(_GROUPS)},sudo {user}")
        yield machine
    finally:
        machine.end()


@pytest.fixture
def manned(gate: Gate, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A gate of these technicians, whose daemon runs on their machine."""
    import_everything()  # Another user may not be able to read what an import reads.
    # Python itself imports what these take at their first use.
    time.strptime("2026", "%Y")
    b"x".decode("utf-8-sig")
    gate.folder.chmod(0o755)
    gate.start(*machine.inside(*OWN, "run", "--config", str(gate.config)))
    # One that a change of people is put together in may be gone again meanwhile.
    machine.run(
        f'for file in {gate.folder}/gate.*; do chgrp edge-agent "$file" || [ ! -e "$file" ]; done'
    )
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(gate.config))
    return gate


def blocks() -> list[list[str]]:
    """The commands in each of the page's shell blocks, without what is said beside them."""
    found = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [[line.partition("#")[0].strip() for line in one.splitlines()] for one in found]


def test_the_drill_leaves_nothing_to_her_and_all_to_those_who_stay(
    manned: Gate, machine: Machine
) -> None:
    groups, sessions, account, backups = blocks()
    hers, theirs = (pyrage.x25519.Identity.generate() for _ in range(2))
    old, new = manned.folder / "old-prints.age", manned.folder / "prints.age"
    both = [str(one.to_public()) for one in (hers, theirs)]
    assert manned.cli("templates", "backup", str(old), "-r", both[0], "-r", both[1]).code == 0
    with Session(machine, "lan") as lan, Session(machine, "minh") as minh:
        code, said = lan.types("workers", "add", "NV900", "Lò Thị Mây")
        assert code == 0, said
        assert lan.types("workers", "list")[0] == 0

        for line in groups:
            machine.run(line)
        assert not {*_GROUPS, "sudo"} & set(machine.run("id -nG lan").split())
        # In the session that she still has, and which the socket still lets in.
        code, said = lan.types("workers", "rename", "NV900", "Lò Thị Mai")
        assert (code, "lan chưa có vai trò" in said) == (77, True), said
        assert lan.types("workers", "list")[0] == 77
        assert minh.types("workers", "rename", "NV900", "Lò Thị Mai")[0] == 0
        assert "loginctl terminate-user lan" in sessions
    assert sessions[-1] == "pgrep -u lan"
    told = subprocess.run(machine.inside("pgrep", "-u", "lan"), capture_output=True, check=False)
    assert told.stdout == b""

    with Session(machine, "lan") as again:  # With the groups that she has by now.
        code, said = again.types("status")
        assert (code, "không được dùng socket" in said) == (69, True), said
    for line in account:
        machine.run(line)
    [shadow] = [row for row in machine.run("cat /etc/shadow").splitlines() if row[:4] == "lan:"]
    assert (shadow.split(":")[1][0], shadow.split(":")[7]) == ("!", "1")

    keygen, backup, shred = backups
    assert keygen.startswith("age-keygen -o ")
    words = backup.replace("/media/usb/prints.age", str(new)).replace("age1…", both[1]).split()
    assert manned.cli(*words[1:]).code == 0
    machine.run(shred.replace("/media/usb/old-prints.age", str(old)))
    assert not old.exists()
    sealed = [line for line in new.read_bytes().splitlines() if b"age-encryption" in line]
    assert sealed or new.stat().st_size
    keep = ("templates", "restore", str(new), "--json", "--yes", "--identity")
    for identity, opened in ((hers, False), (theirs, True)):
        key = manned.folder / "key.txt"
        key.write_text(str(identity))
        key.chmod(0o600)
        assert (manned.cli(*keep, str(key)).code == 0) is opened

    # What she did is hers by name, for the account was closed and not deleted.
    with Session(machine, "minh") as minh:
        code, said = minh.types("audit", "list", "--by", "lan")
    assert (code, "lan: nhập Lò Thị" in said) == (0, True), said
