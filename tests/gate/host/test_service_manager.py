"""What systemd hears."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from edge_agent.gate.host.service_manager import ServiceManager
from tests.patience import PATIENCE_S


@contextmanager
def systemd(address: str) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listener:
        listener.bind(address)
        listener.settimeout(PATIENCE_S)
        yield listener


def say_everything() -> list[str]:
    manager = ServiceManager()
    manager.ready()
    manager.alive()
    manager.stopping()
    return ["READY=1", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.parametrize("name", ["notify", "user@1000/notify", "tên/notify"])
def test_a_socket_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    address = tmp_path / name
    address.parent.mkdir(exist_ok=True)
    monkeypatch.setenv("NOTIFY_SOCKET", str(address))
    with systemd(str(address)) as listener:
        assert say_everything() == [listener.recv(4096).decode() for _ in range(3)]


def test_a_start_that_takes_long_asks_for_time_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    seconds = iter([0.0, 0.5, 0.9, 1.0, 1.1])
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    with systemd(address) as listener:
        manager = ServiceManager()
        assert manager.listens
        for _ in range(5):
            manager.starting()
        manager.ready()
        said = [listener.recv(4096).decode() for _ in range(3)]
    assert said == [*["EXTEND_TIMEOUT_USEC=120000000\nWATCHDOG=1"] * 2, "READY=1"]


def test_an_abstract_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"edge-agent-test@{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    with systemd(f"\0{name}") as listener:
        assert say_everything() == [listener.recv(4096).decode() for _ in range(3)]


@pytest.mark.parametrize("address", [None, "", "/nowhere/notify", "/" + "x" * 500])
def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    say_everything()
