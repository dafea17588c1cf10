"""How a client reaches the broker: where it is, what it demands of it and what it shows."""

import re
from typing import Literal

from msgspec import Struct

from ..language import Message

Tls = Literal["auto", "on", "off"]

PLAIN_PORT = 1883
TLS_PORT = 8883
"""IANA's secure-mqtt."""


class BrokerAccess(Struct, frozen=True, kw_only=True):
    """One broker, and one client's way to it. Files are paths; "" where there is none.

    ``named``: what the reader of an error message knows a setting by, with its key in braces.
    """

    host: str
    port: int | Literal["auto"] = "auto"
    tls: Tls = "auto"
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    username: str = ""
    password_file: str = ""
    named: str = "[mqtt] {}"

    @classmethod
    def of(cls, options: object, named: str = "[mqtt] {}") -> "BrokerAccess":
        """The way that ``options`` name: they have fields of the same names, and others."""
        given = {name: getattr(options, name) for name in cls.__struct_fields__ if name != "named"}
        return cls(**given, named=named)

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken. By default it is, unless no network lies between."""
        return self.tls == "on" or (self.tls == "auto" and not is_loopback(self.host))

    @property
    def exposed(self) -> bool:
        """Whether everything can be read and forged on the way."""
        return not self.encrypted and not is_loopback(self.host)

    @property
    def tcp_port(self) -> int:
        """The port to connect to."""
        if self.port != "auto":
            return self.port
        return TLS_PORT if self.encrypted else PLAIN_PORT

    def setting(self, key: str) -> str:
        """What the reader of a message knows this setting by."""
        if self.named.startswith("--"):
            key = key.replace("_", "-")
        return self.named.format(key)

    def problems(self) -> dict[str, Message]:
        """What contradicts itself, by key."""
        found = {}
        if (wrong := _host_problem(self.host, self.named)) is not None:
            found["host"] = wrong
        for key, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
            if getattr(self, key) and not getattr(self, other):
                found[key] = Message("access.together", other=other)
        for key in ("ca_file", "cert_file", "key_file"):
            if getattr(self, key) and not self.encrypted:
                found[key] = Message("access.tls-only")
        if self.password_file and not self.username:
            found["password_file"] = Message("access.no-username")
        return found


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address, is this machine: nobody listens on the way."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3.
        return True
    from ipaddress import ip_address  # Not for every command on a gate with a broker of its own.

    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _host_problem(host: str, named: str) -> Message | None:
    """What makes it no name and no address, and what is meant, as far as that is plain."""
    given = "--{} {}" if named.startswith("--") else '{} = "{}"'
    scheme, slashes, rest = host.rpartition("://")
    bare = rest.strip().partition("/")[0].rpartition("@")[2]
    name, port = _split_port(bare)
    meant = [given.format("host", name)]
    if port:
        meant.append(given.format("port", port).replace('"', ""))
    told = re.sub(r"[^/@]*@", "", host)  # Before an @ there may be a password.
    if slashes:
        if scheme.strip().lower() in _SCHEMES_OF_TLS:
            tls = given.format("tls", "on")
            return Message("access.more-than-name-tls", host=told, meant=meant, tls=tls)
        return Message("access.more-than-name", host=told, meant=meant)
    if host != host.strip():
        return Message("access.blank", host=host, meant=meant)
    if name != host:
        return Message("access.more-than-name", host=told, meant=meant)
    if ":" in host or re.fullmatch(r"[\d.]+", host):
        from ipaddress import ip_address

        try:
            ip_address(host.partition("%")[0])
        except ValueError:
            return Message("access.no-address", host=host)
        return None
    if not all(re.fullmatch(r"[\w-]{1,63}", part) for part in host.removesuffix(".").split(".")):
        return Message("access.no-host", host=host)
    return None


_SCHEMES_OF_TLS = ("mqtts", "ssl", "tls", "wss", "https")


def _split_port(bare: str) -> tuple[str, str]:
    """The name or address, and the port behind it; "" where there is none."""
    if found := re.fullmatch(r"\[(.*)\](?::(\d+))?", bare):
        return found[1], found[2] or ""
    if found := re.fullmatch(r"([^:]*):(\d*)", bare):
        return found[1], found[2]
    return bare, ""
