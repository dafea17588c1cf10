"""Ports that tests are given stay theirs until a server listens there, and while it is away."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from . import brokers
from .brokers import free_port


@pytest.fixture(autouse=True)
def given_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What these tests were given is no longer theirs when they end."""
    ours: list[socket.socket] = []
    monkeypatch.setattr(brokers, "_ours", ours)
    yield
    for name in ours:
        name.close()


def test_no_port_is_given_twice() -> None:
    ports = [free_port() for _ in range(300)]
    asks = "from tests.brokers import free_port; print(*(free_port() for _ in range(300)))"
    others = subprocess.check_output([sys.executable, "-c", asks], text=True).split()
    assert len({*ports, *map(int, others)}) == 600


def test_nor_to_whoever_connects_or_listens_anywhere() -> None:
    given = {free_port() for _ in range(300)}
    for _ in range(300):
        with socket.create_server(("127.0.0.1", 0)) as server:
            assert server.getsockname()[1] not in given
            with closing(socket.create_connection(server.getsockname())) as client:
                assert client.getsockname()[1] not in given
