"""paho's client, as gate and payroll use it: with its password, TLS, and what paho swallows.

The password is from a file that nobody else may read, or from a systemd credential. TLS is 1.2 or
newer, and the broker's certificate and name are always verified.
"""

import os
import socket
import ssl
import stat
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ..errors import BrokerFault
from ..language import Message, because
from ..rights import exposed_secret, unreadable, unreadable_secret
from ..secret_file import has_blanks_around, one_line
from .access import BrokerAccess

CREDENTIAL = "mqtt-password"
"""Its name in systemd's LoadCredential= (systemd.exec(5))."""

_LONGEST = 65535
"""MQTT 5, 3.1.3.6: the length is a two-byte integer."""

_MOST_READ = 4 * _LONGEST
"""Bytes of its file: UTF-16 takes twice as many, and there may be empty lines."""

_AT_ONCE = 64 * 1024
_MOST_KEPT = 2 * 1024 * 1024
"""Bytes of one packet: more than the largest roster with its topic. What comes after is dropped."""


_MOST_WAITING = 10_000
"""Packets that wait for a broker which reads nothing: we never have so many to send."""

_READ_AHEAD = 4 * 1024 * 1024
"""Bytes of messages that may wait for their reader."""

_PUBLISH, _DISCONNECT = 0x30, 0xE0


class BrokerClient(Client):
    """Knows why a connection ended, and never reads a packet beyond ``largest_packet`` bytes.

    Of a packet that is shorter and yet very long the beginning is kept, so that its reader sees
    that it is too long, and the rest dropped as it comes: no memory is taken for what a packet only
    says of its length. Nothing that a broker sends makes it keep more than that: paho itself would
    hold each message at QoS 2 until the broker releases it, and answers for a broker that does not
    read them.

    paho reports a missing client certificate as "Unspecified error", and reads whatever length a
    packet says it has, which under MQTT 3.1.1 nobody limits. Its private ``_sock_recv`` and
    ``_sock_send`` are the one place where both are seen, and its ``_ssl_wrap_socket`` leaves the
    socket of a failed handshake open; ``_in_packet`` is what it has of a packet, ``_out_packet``
    what waits to be written, and ``_packet_handle`` is where a packet that is whole is taken in.
    Tests hold all, and setup.cfg names the one version whose insides these are.
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
        self.broke: Message | None = None
        """What the broker ("it") did that ended the connection."""
        self.goodbye: int | None = None
        """The reason code of a DISCONNECT that arrived when nothing could be sent any more."""
        self.waiting_bytes = 0
        """Of messages that were not fetched yet; kept by whoever takes them in."""

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

    def send_at_once(self, messages: int) -> None:
        """Have no more on the way that are not acknowledged. paho allows it only while it is
        disconnected, and the broker says how many it takes when it lets us in."""
        self._max_inflight_messages = messages

    def ping_every(self, seconds: int) -> None:
        """Give a sign of life after so many seconds of silence."""
        self._keepalive = seconds

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
        if self.waiting_bytes > _READ_AHEAD and not self._in_packet["command"]:
            raise BlockingIOError  # Between two packets: the next one waits in the socket.
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

    def _handle_pubackcomp(self, cmd: Any) -> MQTTErrorCode:
        """paho ends the connection for a reason that the standard lists for other packets only, as
        mosquitto's PUBACK says of what is longer than its ``message_size_limit``."""
        packet = self._in_packet["packet"]
        if self.protocol is not MQTTProtocolVersion.MQTTv5 or len(packet) < 3:
            return super()._handle_pubackcomp(cmd)
        try:
            ReasonCode(PacketTypes.PUBACK, identifier=packet[2])
            return super()._handle_pubackcomp(cmd)
        except (KeyError, ValueError):
            reason = _as_elsewhere(packet[2])
        token = int.from_bytes(packet[:2], "big")
        with self._out_message_mutex:
            if token not in self._out_messages:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            return self._do_on_publish(token, reason, Properties(PacketTypes.PUBACK))  # type: ignore[no-untyped-call]

    def _packet_handle(self) -> MQTTErrorCode:
        command = self._in_packet["command"]
        if command & 0xF0 == _PUBLISH and command & 0x06 > 0x02:
            self.broke = Message("broker.sends-qos-2")
        elif len(self._out_packet) > _MOST_WAITING:
            self.broke = Message("broker.reads-nothing")
        else:
            return super()._packet_handle()
        return MQTTErrorCode.MQTT_ERR_PROTOCOL

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
        """A broker that refuses our certificate, or a message, says so before it hangs up."""
        heard = b""
        try:
            while len(heard) < _AT_ONCE and (data := super()._sock_recv(4096)):
                heard += data
        except OSError as error:
            if not isinstance(error, BlockingIOError):
                self.error = error
        if self.first_byte is None and heard:
            self.first_byte = heard[0]
        packet = self._in_packet
        if not packet["command"] or packet["have_remaining"]:
            self.goodbye = _reason_in(heard[packet["to_process"] :])


def _send_at_once(_client: Client, _data: Any, sock: Any) -> None:
    """Otherwise the last entries of a window wait for the other side's delayed ACK (40 ms)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _as_elsewhere(code: int) -> ReasonCode:
    """A reason as DISCONNECT has it, which lists nearly all; or none that is known."""
    try:
        return ReasonCode(PacketTypes.DISCONNECT, identifier=code)
    except (KeyError, ValueError):
        return ReasonCode(PacketTypes.PUBACK, "Unspecified error")


def _reason_in(packets: bytes) -> int | None:
    """The reason code of the DISCONNECT (MQTT 5, 3.14) among these packets."""
    while len(packets) >= 2:
        length, at = 0, 1
        for at in range(1, min(len(packets), 5)):
            length |= (packets[at] & 0x7F) << 7 * (at - 1)
            if packets[at] < 0x80:
                break
        if packets[0] == _DISCONNECT and length:
            return packets[at + 1] if len(packets) > at + 1 else None
        packets = packets[at + 1 + length :]
    return None


def password(access: BrokerAccess) -> bytes | None:
    """Return the password; None where there is none. Raises BrokerFault where it may not be used.

    Read at each connection, so that a changed one needs no restart.
    """
    if access.password_file:
        return _read(Path(access.password_file), access, only_ours=True)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if access.username and folder and (path := Path(folder, CREDENTIAL)).exists():
        # systemd guards the folder by an access list, which shows as rights of the group.
        return _read(path, access, only_ours=False)
    return None


def _read(path: Path, access: BrokerAccess, *, only_ours: bool) -> bytes:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            mode = stat.S_IMODE(found.st_mode)
            if only_ours and mode & 0o077:
                mend = exposed_secret(path, found)
                raise BrokerFault(
                    "secret.exposed-password", path=path, mode=f"{mode:04o}", mend=mend
                )
            content = file.read(_MOST_READ)
    except PermissionError as error:
        why = unreadable_secret(path, error)
        raise BrokerFault("secret.unreadable-password", path=path, why=why) from error
    except OSError as error:
        setting = access.setting("password_file")
        raise BrokerFault(
            "secret.missing-password", path=path, why=because(error), setting=setting
        ) from error
    try:
        secret = one_line(content)
    except ValueError as error:
        raise BrokerFault("secret.no-password", path=path, why=error) from None
    if len(secret) > _LONGEST:
        raise BrokerFault("secret.long-password", path=path)
    if has_blanks_around(secret):
        raise BrokerFault("secret.blank-password", path=path)
    return secret


def context(access: BrokerAccess) -> ssl.SSLContext:
    """Return the context of one connection. Raises BrokerFault, naming the file and what is wrong.

    Made at each connection, so that a renewed certificate needs no restart.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.ca_file:
        path = _readable(access, "ca_file")
        try:
            made.load_verify_locations(path)
        except ssl.SSLError as error:
            raise BrokerFault("secret.no-ca", path=path) from error
    else:
        made.load_default_certs()
    if access.cert_file:
        _show(made, access)
    return made


def _show(made: ssl.SSLContext, access: BrokerAccess) -> None:
    """Load what we show the broker."""
    certificate, key = _readable(access, "cert_file"), _readable(access, "key_file")
    found = key.stat()
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o007:
        mend = exposed_secret(key, found)
        raise BrokerFault("secret.exposed-key", path=key, mode=f"{mode:04o}", mend=mend)

    def locked() -> bytes:  # Without it OpenSSL would ask on the terminal, and wait for ever.
        raise BrokerFault("secret.locked-key", path=key, setting=access.setting("key_file"))

    try:
        made.load_cert_chain(certificate, key, locked)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BrokerFault("secret.other-key", key=key, certificate=certificate) from error
        why = error.reason or error
        raise BrokerFault("secret.no-pem", key=key, certificate=certificate, why=why) from error


def _readable(access: BrokerAccess, key: str) -> Path:
    path = Path(getattr(access, key))
    try:
        path.open("rb").close()
    except PermissionError as error:
        why = (unreadable_secret if key == "key_file" else unreadable)(path, error)
        setting = access.setting(key)
        raise BrokerFault("secret.unreadable", path=path, setting=setting, why=why) from error
    except OSError as error:
        setting = access.setting(key)
        raise BrokerFault(
            "secret.missing", path=path, setting=setting, why=because(error)
        ) from error
    return path
