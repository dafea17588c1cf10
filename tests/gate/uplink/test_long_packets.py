"""A packet of many megabytes takes no memory that it only says it needs."""

import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge_agent.contract.broker.client import BrokerClient
from tests.patience import PATIENCE_S

from .stub_broker import ACCEPTED_3, StubBroker

MB = 1024 * 1024
LIMIT = 16 * MB


def publication(payload: int) -> Iterator[bytes]:
    """A PUBLISH at QoS 0, piece by piece."""
    left = 2 + 1 + payload
    length = b""
    while left:
        left, digit = divmod(left, 128)
        length += bytes([digit | (0x80 if left else 0)])
    yield b"\x30" + length + b"\x00\x01t"
    piece = bytes(MB)
    for _ in range(payload // MB):
        yield piece
    yield piece[: payload % MB]


@contextmanager
def reading(*payloads: int) -> Iterator[tuple[BrokerClient, list[int]]]:
    """A client that reads what is sent to it until the sender hangs up, and how long each was."""
    seen: list[int] = []

    def answer(sock: socket.socket, level: int) -> None:
        sock.sendall(ACCEPTED_3)
        with suppress(ConnectionError):  # The client may have had enough.
            for payload in payloads:
                for piece in publication(payload):
                    sock.sendall(piece)

    with StubBroker(answer) as broker:
        client = BrokerClient(
            CallbackAPIVersion.VERSION2,
            largest_packet=LIMIT,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )

        def on_message(_client: object, _data: object, message: MQTTMessage) -> None:
            seen.append(len(message.payload))

        client.on_message = on_message
        over = threading.Event()
        client.on_disconnect = lambda *_: over.set()
        client.connect("127.0.0.1", broker.port)
        tracemalloc.start()
        client.loop_start()
        assert over.wait(PATIENCE_S)
        client.loop_stop()
        yield client, seen


def test_the_beginning_is_kept_and_the_rest_dropped() -> None:
    with reading(15 * MB, 5) as (client, seen):
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        long, short = seen
        assert 2 * MB <= long < 3 * MB
        assert short == 5  # And the packet after it is read where it begins.
        assert client.too_large is None
        assert peak < 8 * MB


@pytest.mark.parametrize("payload", [1, 64 * 1024, 2_000_000])
def test_what_anybody_needs_is_whole(payload: int) -> None:
    with reading(payload) as (_, seen):
        tracemalloc.stop()
        assert seen == [payload]


def test_beyond_the_limit_nothing_is_read() -> None:
    with reading(17 * MB) as (client, seen):
        tracemalloc.stop()
        assert seen == []
        assert client.too_large
