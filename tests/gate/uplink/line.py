"""A line of a gate's own, whose every byte the kernel counts: a network namespace and a veth."""

import ctypes
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

_CLONE_NEWNET = 0x40000000  # setns(2)
_ETHERNET_HEADER = 14
_NEAR_MAC, _FAR_MAC = "02:00:00:00:77:01", "02:00:00:00:77:02"
_LIBC = ctypes.CDLL(None, use_errno=True)


class Traffic(NamedTuple):
    """Bytes as an operator counts them, headers of IP and TCP included, and packets."""

    bytes: float
    packets: float

    def since(self, other: "Traffic", times: float = 1) -> "Traffic":
        """What came since then, for each of so many times."""
        return Traffic(*((a - b) / times for a, b in zip(self, other, strict=True)))


class Line:
    """The near end is this machine at ``here``; threads that ``enter`` are at the far end.

    ``timestamps``: TCP's, 12 bytes a packet. A context manager; for root only.
    """

    def __init__(self, *, timestamps: bool = True) -> None:
        number = os.getpid()
        self._name = f"line{number}"
        net = f"10.213.{number % 256}"
        self.here, self.there = f"{net}.1", f"{net}.2"
        self._timestamps = int(timestamps)

    def enter(self) -> None:
        """Move this thread, and all that it starts, to the far end."""
        with Path(f"/run/netns/{self._name}").open() as namespace:
            if _LIBC.setns(namespace.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

    @property
    def traffic(self) -> Traffic:
        """What has passed, both ways."""
        folder = Path(f"/sys/class/net/{self._name}/statistics")
        count = {
            what: sum(int((folder / f"{way}_{what}").read_text()) for way in ("rx", "tx"))
            for what in ("bytes", "packets")
        }
        return Traffic(count["bytes"] - _ETHERNET_HEADER * count["packets"], count["packets"])

    def __enter__(self) -> "Line":
        try:
            self._lay()
        except BaseException:
            self._take_away()
            raise
        return self

    def _lay(self) -> None:
        name, far = self._name, f"{self._name}f"
        inside = f"netns exec {name}"
        _ip(f"netns add {name}")
        _ip(
            f"link add {name} address {_NEAR_MAC} type veth"
            f" peer name {far} address {_FAR_MAC} netns {name}"
        )
        Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
        _ip(f"{inside} sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
        _ip(f"{inside} sysctl -qw net.ipv4.tcp_timestamps={self._timestamps}")
        _ip(f"addr add {self.here}/30 dev {name}")
        _ip(f"link set {name} up")
        _ip(f"{inside} ip addr add {self.there}/30 dev {far}")
        _ip(f"{inside} ip link set {far} up")
        # So that nobody asks who has which address.
        _ip(f"neigh add {self.there} lladdr {_FAR_MAC} dev {name} nud permanent")
        _ip(f"{inside} ip neigh add {self.here} lladdr {_NEAR_MAC} dev {far} nud permanent")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._take_away()

    def _take_away(self) -> None:
        for command in (f"link del {self._name}", f"netns del {self._name}"):
            _ip(command, check=False)


def _ip(command: str, *, check: bool = True) -> None:
    subprocess.run(["ip", *command.split()], check=check, capture_output=True)


def can_have_a_line() -> bool:
    """Root, where root may make network namespaces."""
    tried = subprocess.run(["unshare", "-n", "ip", "link"], capture_output=True, check=False)
    return os.geteuid() == 0 and tried.returncode == 0
