"""Somebody of the group who means the daemon ill, as a process of their own.

    python -m tests.hostile.client KIND SOCKET

until it is killed. As root it becomes nobody first, in root's group.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random

_NOBODY = 65534


def _connected(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    client.connect(path)
    return client


def garbage(path: str) -> None:
    with _connected(path) as client:
        client.sendall(Random().randbytes(5000) + b"\n")
        client.recv(1000)


def deep(path: str) -> None:
    with _connected(path) as client:
        client.sendall(b'{"ask": ' + b"[" * 30_000 + b"\n")
        client.recv(1000)


def huge(path: str) -> None:
    with _connected(path) as client:
        for _ in range(50):
            client.sendall(b"x" * 100_000)


def idle(path: str) -> None:
    clients = [_connected(path) for _ in range(80)]
    time.sleep(5)
    for client in clients:
        client.close()


def ask(path: str) -> None:
    with _connected(path) as client:
        for _ in range(200):
            client.sendall(b'{"ask": "status"}\n')
        with suppress(TimeoutError):
            while client.recv(65536):
                pass


def deaf(path: str) -> None:
    with _connected(path) as client:
        client.sendall(b'{"ask": "watch"}\n' + b'{"ask": "status"}\n' * 500)
        time.sleep(5)


def identify(path: str) -> None:
    with _connected(path) as client:
        client.settimeout(10)
        client.sendall(b'{"ask": "identify"}\n')
        client.recv(1000)


KINDS: dict[str, Callable[[str], None]] = {
    one.__name__: one for one in (garbage, deep, huge, idle, ask, deaf, identify)
}


if __name__ == "__main__":
    _, kind, socket_path = sys.argv
    if os.geteuid() == 0:
        os.setgroups([])
        os.setuid(_NOBODY)
    while True:
        with suppress(OSError):
            KINDS[kind](socket_path)
        time.sleep(0.02)
