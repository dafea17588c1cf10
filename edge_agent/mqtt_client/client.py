"""paho's client, which also notes what paho swallows."""

import socket
import ssl
from typing import Any

from paho.mqtt.client import Client

from ..domain.broker_access import BrokerAccess
from .password import password
from .tls import context

_AT_ONCE = 64 * 1024
_MOST_KEPT = 2 * 1024 * 1024
"""Bytes of one packet: more than the largest roster with its topic. What comes after is dropped."""


def _send_at_once(_client: Client, _data: Any, sock: Any) -> None:
    """Otherwise the last entries of a window wait for the other side's delayed ACK (40 ms)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class TellingClient(Client):
    """Knows why a connection ended, and never reads a packet beyond ``largest_packet`` bytes.

    Of a packet that is shorter and yet very long the beginning is kept, so that its reader sees
    that it is too long, and the rest dropped as it comes: no memory is taken for what a packet only
    says of its length.

    paho reports a missing client certificate as "Unspecified error", and reads whatever length a
    packet says it has, which under MQTT 3.1.1 nobody limits. Its private ``_sock_recv`` and
    ``_sock_send`` are the one place where both are seen, and its ``_ssl_wrap_socket`` leaves the
    socket of a failed handshake open; ``_in_packet`` is what it has of a packet. Tests hold all.
    """

    def __init__(self, *args: Any, largest_packet: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_socket_open = _send_at_once
        self._largest_packet = largest_packet
        self.error: OSError | None = None
        """What the socket said last."""
        self.first_byte: int | None = None
        """What the broker's first answer begins with."""
        self.too_large: int | None = None
        """The length of the packet for which the connection was ended."""

    def enter(self, access: BrokerAccess) -> None:
        """Take on password and certificates, from files that may block.

        Raises BrokerFault where one of them cannot be used.
        """
        if access.username:
            # paho's types know no bytes, but its code does.
            self.username_pw_set(access.username, password(access))  # type: ignore[arg-type]
        if access.encrypted:
            self._context = context(access)
            self.tls_set_context(self._context)

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        sock = self._context.wrap_socket(
            tcp_sock, server_hostname=self.host, do_handshake_on_connect=False
        )
        try:
            sock.settimeout(self.connect_timeout)
            sock.do_handshake()
        except BaseException:
            sock.close()
            raise
        return sock

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > self._largest_packet:
            self.too_large = bufsize
            raise ConnectionAbortedError
        try:
            data = super()._sock_recv(min(bufsize, _AT_ONCE))
        except OSError as error:
            if not isinstance(error, BlockingIOError):
                self.error = error
            raise
        if self.first_byte is None and data:
            self.first_byte = data[0]
        return self._dropped(data) if bufsize > 1 else data

    def _dropped(self, data: bytes) -> bytes:
        """Of what paho would append to a packet that is long enough: one byte, to go on by."""
        packet = self._in_packet
        if len(packet["packet"]) < _MOST_KEPT or len(data) < 2:
            return data
        packet["to_process"] -= len(data) - 1
        return data[-1:]

    def _sock_send(self, buf: bytes | bytearray) -> int:
        try:
            return super()._sock_send(buf)
        except BlockingIOError:
            raise
        except OSError as error:
            self.error = error
            self._read_last_words()
            raise

    def _read_last_words(self) -> None:
        """A broker that refuses our certificate says so before it hangs up."""
        try:
            self._sock_recv(1)
        except OSError:
            return
