"""A site's broker, as config/mosquitto/ ships it, with certificates of a test's own."""

import re
import subprocess
from pathlib import Path

from tests.brokers import Mosquitto, free_port
from tests.certificates import Authority

SHIPPED = Path(__file__).parents[3] / "config" / "mosquitto"
GATES = ["a", "a-b"]
PASSWORD = "tra-xanh"


def acl_for(gates: list[str]) -> str:
    """The shipped list, with the block of its one gate copied for each of ``gates``."""
    text = (SHIPPED / "edge-agent.acl").read_text()
    [block] = re.findall(r"^user main-gate\n(?:topic .*\n)+", text, re.MULTILINE)
    return text.replace(block, "\n".join(block.replace("main-gate", gate) for gate in gates))


class Site(Mosquitto):
    """The shipped files, moved to ``folder`` and to a free port of ``host``, which is this machine.

    ``names`` are the users with a password; without any, certificates say who somebody is.
    """

    def __init__(
        self, folder: Path, acl: str, names: tuple[str, ...] = (), host: str = "127.0.0.1"
    ) -> None:
        super().__init__(folder)
        self.host = host
        self.port = free_port()
        self.log = folder / "site.log"
        self.ca = Authority(folder, "certs")
        self.shown = shown = self.ca.issue(self.host)
        (folder / "edge-agent.acl").write_text(acl)
        config = (SHIPPED / "mosquitto.conf").read_text()
        for shipped, here in {
            "listener 8883": f"user root\nlistener {self.port}",
            "/etc/mosquitto/certs/broker.crt": shown.cert,
            "/etc/mosquitto/certs/broker.key": shown.key,
            "/etc/mosquitto/": f"{folder}/",
        }.items():
            assert shipped in config
            config = config.replace(shipped, here)
        if names:
            config = re.sub(r"^(require_cert|use_ident)", r"#\1", config, flags=re.MULTILINE)
            config = config.replace("#password_file", "password_file")
            (folder / "passwords").touch(0o600)
            for name in names:
                command = ["mosquitto_passwd", "-b", str(folder / "passwords"), name, PASSWORD]
                subprocess.run(command, check=True)
        self.by_password = bool(names)
        self._config = folder / "site.conf"
        self._config.write_text(config)
