"""A RabbitMQ cluster on loopback, with ports and folders of its own: Debian's, left as it is."""

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

from tests import children
from tests.brokers import free_port, wait_for_port

_BIN = Path("/usr/lib/rabbitmq/bin")
INSTALLED = _BIN.is_dir() and shutil.which("epmd") is not None
"""Whether Debian's package is there (its programs in /usr/sbin insist on another user)."""

_START_SECONDS = 120

MIRRORED = (
    "set_policy",
    "mqtt",
    "^mqtt-subscription-",
    '{"ha-mode":"all"}',
    "--apply-to",
    "queues",
)
"""Without it, whoever was connected to a node that dies is let in again only when it is back."""


class RabbitCluster:
    """So many nodes that know one another; ``ports`` are where they speak MQTT.

    They find one another by an epmd of the cluster's own, and nothing listens but on 127.0.0.1. A
    context manager: all processes end with it, and what they said is in ``folder``.
    """

    def __init__(
        self,
        folder: Path,
        nodes: int,
        listener: str = "mqtt.listeners.tcp.1 = 127.0.0.1:{port}",
    ) -> None:
        """``listener``: lines of rabbitmq.conf that say how MQTT is spoken on ``port``."""
        self._listener = listener
        self._folder = folder
        self._names = [f"attendance{number}@localhost" for number in range(1, nodes + 1)]
        self.ports = [free_port() for _ in self._names]
        self._nodes: list[subprocess.Popen[bytes]] = []
        cookie = folder / ".erlang.cookie"
        cookie.write_text("attendance")
        cookie.chmod(0o400)
        (folder / "enabled_plugins").write_text("[rabbitmq_mqtt].\n")
        self._environment = os.environ | {
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "LC_ALL": "C.UTF-8",
        }

    def kill(self, node: int) -> None:
        """End a node as a power cut would."""
        children.end(self._nodes[node], group=True)

    def home_of(self, client_id: str) -> int:
        """The node that has this client's subscription."""
        queues = self.ask("list_queues", "--no-table-headers", "name", "pid").splitlines()
        [pid] = [
            pid
            for name, pid in map(str.split, queues)
            if name.startswith(f"mqtt-subscription-{client_id}qos")
        ]
        return next(n for n, name in enumerate(self._names) if pid.startswith(f"<{name}."))

    def ask(self, *command: str) -> str:
        """What rabbitmqctl says of the first node that is alive."""
        alive = next(
            name for name, node in zip(self._names, self._nodes, strict=True) if node.poll() is None
        )
        done = subprocess.run(
            [_BIN / "rabbitmqctl", "-q", "-n", alive, *command],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=True,
        )
        return done.stdout

    def _start(self, name: str, port: int) -> None:
        own = self._folder / name
        own.mkdir()
        members = [
            f"cluster_formation.classic_config.nodes.{number} = {other}"
            for number, other in enumerate(self._names, 1)
        ]
        config = [
            "listeners.tcp = none",
            self._listener.format(port=port),
            "cluster_formation.peer_discovery_backend = classic_config",
            *members,
        ]
        (own / "rabbitmq.conf").write_text("\n".join([*config, ""]))
        environment = self._environment | {
            "RABBITMQ_NODENAME": name,
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONFIG_FILE": str(own / "rabbitmq.conf"),
            "RABBITMQ_MNESIA_BASE": str(own),
            "RABBITMQ_LOG_BASE": str(own),
            "RABBITMQ_PID_FILE": str(own / "pid"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(own / "feature_flags"),
        }
        self._nodes.append(self._run(environment, _BIN / "rabbitmq-server"))
        wait_for_port(port, self._nodes[-1], _START_SECONDS)

    def _run(self, environment: dict[str, str], *command: str | Path) -> subprocess.Popen[bytes]:
        # A node is several processes.
        return children.start(command, self._folder / "said", environment=environment, group=True)

    def __enter__(self) -> "RabbitCluster":
        self._epmd = self._run(self._environment, "epmd")
        try:
            wait_for_port(int(self._environment["ERL_EPMD_PORT"]), self._epmd)
            for name, port in zip(self._names, self.ports, strict=True):
                self._start(name, port)
            self.ask(*MIRRORED)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in [*self._nodes, self._epmd]:
            children.end(process, group=True)
