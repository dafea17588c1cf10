"""The screen's web server: it only shows, only to its own page, and nobody can fill it up."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from edge_agent.display import serve
from edge_agent.display.cards import Card
from edge_agent.display.screens import MOST_SCREENS
from tests.patience import PATIENCE_S

from .serving import Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def card(number: int = 1, **other: Any) -> Card:
    return Card(id=number, t=0, stays_ms=4000, tone="good", title="Đã chấm công", **other)


class Stream:
    """A browser that follows, and reads when it is told to."""

    def __init__(self, server: Server) -> None:
        self.answer, _ = server.get("/events")

    def next(self, kind: str) -> dict[str, Any]:
        while True:
            line = self.answer.readline()
            assert line, "the stream has ended"
            if line.startswith(b"data: "):
                message: dict[str, Any] = json.loads(line[6:])
                if message["kind"] == kind:
                    return message

    def close(self) -> None:
        self.answer.close()


def test_the_page_and_all_of_its_parts(server: Server) -> None:
    answer, body = server.get()
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b'lang="vi"' in body
    assert b"{" not in body  # Every word was put in.
    assert sum(len(server.get(f"/{name}")[1]) for name in ("screen.css", "screen.js")) < 20_000
    for weight in (600, 800):
        for script in ("latin", "vietnamese"):
            answer, body = server.get(f"/be-vietnam-pro-{script}-{weight}.woff2")
            assert (answer.status, body[:4]) == (200, b"wOF2")
    for part in (
        "/favicon.ico",
        "/../feed.py",
        "/%2e%2e/feed.py",
        "/index.html",
        "/docs",
        "/events/",
    ):
        assert server.get(part)[0].status == 404


def test_english() -> None:
    with serving("en") as english:
        _, body = english.get()
    assert b'lang="en"' in body
    assert "Press your finger on the glass" in body.decode()


@pytest.mark.parametrize("path", ["/", "/events", "/now", "/screen.js", "/none"])
def test_every_answer_forbids_what_the_page_does_not_need(server: Server, path: str) -> None:
    answer, _ = server.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers
    answer.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "X"])
@pytest.mark.parametrize("path", ["/", "/events", "/now"])
def test_nothing_is_taken_in(server: Server, method: str, path: str) -> None:
    assert server.get(path, method)[0].status == 405


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8470", 200),
        ("localhost:8470", 200),
        ("LOCALHOST", 200),
        ("192.168.1.20:8470", 200),
        ("[::1]:8470", 200),
        (socket.gethostname(), 200),
        (f"{socket.gethostname()}.local:8470", 200),
        ("evil.example", 421),
        ("evil.example:8470", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8470", 421),
        ("", 421),
        ("[::1", 421),
        ("127.0.0.1:8470:80", 421),
    ],
)
def test_no_name_of_others_leads_here(server: Server, host: str, status: int) -> None:
    """DNS rebinding: a page on the Internet whose name turns into this machine's address."""
    assert server.get("/now", Host=host)[0].status == status


def test_another_page_is_told_nothing(server: Server) -> None:
    assert server.get("/now", Sec_Fetch_Site="cross-site")[0].status == 403
    assert server.get("/now", Sec_Fetch_Site="same-origin")[0].status == 200
    assert server.get("/", Sec_Fetch_Site="cross-site")[0].status == 200  # Somebody's bookmark.


def test_whoever_comes_later_is_told_how_the_gate_is_and_never_of_an_old_press(
    server: Server,
) -> None:
    first = Stream(server)
    assert first.next("gate")["notices"] == []
    server.publish(card(7, name="Hoa"))
    assert first.next("card")["name"] == "Hoa"
    late = Stream(server)
    assert late.next("gate")["notices"] == []
    server.publish(card(8, name="Lan"))
    assert late.next("card")["name"] == "Lan"
    assert first.next("card")["name"] == "Lan"
    first.close()
    late.close()


def test_a_name_with_line_breaks_stays_one_message(server: Server) -> None:
    stream = Stream(server)
    stream.next("gate")
    server.publish(card(9, name="Hoa\n\ndata: {}\r\u2028"))
    assert stream.next("card")["name"] == "Hoa\n\ndata: {}\r\u2028"
    stream.close()


def test_one_screen_too_many_is_turned_away_and_one_that_goes_makes_place() -> None:
    with serving() as server:
        streams = [Stream(server) for _ in range(MOST_SCREENS)]
        for stream in streams:
            stream.next("gate")
        assert server.get("/events")[0].status == 503
        streams.pop().close()
        give_up = time.monotonic() + PATIENCE_S
        while (answer := server.get("/events")[0]).status == 503:
            assert time.monotonic() < give_up
            time.sleep(0.02)  # Nothing tells of it but the server itself.
        answer.close()
        for stream in streams:
            stream.close()


def test_a_screen_that_never_reads_is_dropped_and_holds_nobody_up() -> None:
    with serving() as server:
        deaf = socket.create_connection(("127.0.0.1", server.port))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        other = Stream(server)
        other.next("gate")
        for number in range(1, 1001):
            server.publish(card(number, name="x" * 5000))
            assert other.next("card")["id"] == number
        give_up = time.monotonic() + PATIENCE_S
        while len(server.screens) > 1:
            assert time.monotonic() < give_up
            time.sleep(0.02)
        other.close()
        deaf.close()


def test_a_head_without_an_end_is_refused(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as channel:
        channel.settimeout(PATIENCE_S)
        channel.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000)
        assert b" 400 " in channel.recv(4096)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", b"GET /now HTTP/1.1\r\nHost: localhost\r\n\r\nG"]
)
def test_whoever_asks_for_nothing_holds_no_place(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_QUESTION_S", 0.2)
    with serving() as server:
        stream = Stream(server)
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10)]
        for channel in idle:
            channel.settimeout(PATIENCE_S)
            channel.sendall(sent)
            with suppress(ConnectionResetError):
                while channel.recv(65536):
                    pass
            channel.close()
        server.publish(card(1, name="Hoa"))  # Whoever follows goes on.
        assert stream.next("card")["name"] == "Hoa"
        stream.close()


def test_now_is_the_machines_own_clock(server: Server) -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    _, body = server.get("/now")
    assert before * 1000 - 1 <= int(body) <= time.clock_gettime(time.CLOCK_BOOTTIME) * 1000


def test_a_stop_ends_every_stream() -> None:
    with serving() as server:
        stream = Stream(server)
        stream.next("gate")
    with pytest.raises((AssertionError, http.client.HTTPException, OSError)):
        stream.next("card")
