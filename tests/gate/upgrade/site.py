"""A machine in a folder, with two versions of the program, whose power can be cut at any step."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from edge_agent.contract.errors import EdgeAgentError
from edge_agent.contract.language import Message
from edge_agent.gate.errors import NotUpgraded
from edge_agent.gate.host.host_identity import HostIdentity
from edge_agent.gate.ledger.open_or_succeed import open_or_succeed
from edge_agent.gate.ledger.store import schema
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.upgrade import conduct
from edge_agent.gate.upgrade import prepare as preparing
from edge_agent.gate.upgrade.conduct import Conductor
from edge_agent.gate.upgrade.places import Places
from edge_agent.gate.upgrade.prepare import make_room, prepare
from edge_agent.gate.upgrade.prove import prove
from tests.gate.ledger.ledgers import ALIVE, GATE, ZONE, append, later, punch
from tests.power_cut import PowerCut

OLD, NEW = "0.1.0-1", "0.2.0-1"
UNIT = "edge-agent.service"
SETTLE = Path(__file__).parents[3] / "systemd/packaging/settle.sh"


def m999_of_the_new_version(database: Any) -> None:
    database.conn.execute("CREATE TABLE newer (one INTEGER PRIMARY KEY) STRICT")


@contextmanager
def program(version: str, alters: bool) -> Iterator[None]:
    """Whatever is done meanwhile is done by this version's code."""
    before = list(schema.STEPS)
    if version == NEW and alters:
        schema.STEPS.append(m999_of_the_new_version)
    schema.migrations.cache_clear()
    try:
        yield
    finally:
        schema.STEPS[:] = before
        schema.migrations.cache_clear()


class Site:
    """``new`` says how the new version is: good, or at what it fails; ``cut`` when the power goes:
    before or after which step, counted from the moment the upgrade is under way."""

    def __init__(self, folder: Path, monkeypatch: Any, new: str = "good", alters: bool = True):
        self.places = Places(folder)
        self.new, self.alters = new, alters
        self.config = folder / "etc/edge-agent/edge-agent.toml"
        self.database = folder / "gate.db"
        self.steps = 0
        self.cut: int | None = None
        self.runs: str | None = None
        self.presses: list[str] = []
        self._daemons = 0
        for version in (OLD, NEW):
            self._lay_out(version)
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            f'[gate]\nid = "{GATE}"\n[store]\npath = "{self.database}"\n'
            f'[control]\nsocket = "{folder}/none.sock"\n'
        )
        self._settle(OLD)
        ready = {"sensor": {"state": "ready"}}
        monkeypatch.setattr(preparing, "ask_status", lambda socket: ready)
        for name in ("write_journal", "end_journal", "make_stand_in", "put_back"):
            monkeypatch.setattr(conduct, name, self._cuttable(getattr(conduct, name)))

    def _lay_out(self, version: str) -> None:
        folder = self.places.folder(version)
        unit = folder / "files/etc/systemd/system/edge-agent.service"
        unit.parent.mkdir(parents=True)
        unit.write_text(f"# of {version}\n")
        shutil.copy(SETTLE, folder)
        (folder / "complete").touch()

    def _cuttable(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:
            self._tick()
            done = real(*arguments)
            self._tick()
            return done

        return step

    def _tick(self) -> None:
        self.steps += 1
        if self.steps == self.cut:
            raise PowerCut

    # What a machine does.

    def start(self, units: Sequence[str] = (UNIT,)) -> None:
        self._tick()
        if self.runs is None:
            self._start_daemon()
        self._tick()

    def stop(self, units: Sequence[str]) -> None:
        self._tick()
        self.runs = None
        self._tick()

    def not_up(self, units: Sequence[str]) -> Message | None:
        self._tick()
        return None if self.runs else Message("upgrade.ends", times=3)

    def settle(self, version: str) -> None:
        self._tick()
        link = self.places.home / "current.new"
        link.symlink_to(f"versions/{version}")
        link.rename(self.places.home / "current")
        self._tick()
        if version == NEW and self.new == "files":
            raise NotUpgraded("upgrade.not-settled", said="No space left on device")
        self._settle(version)
        self._tick()

    def _settle(self, version: str) -> None:
        script = self.places.folder(version) / "settle.sh"
        root = str(self.places.home.parents[1])
        subprocess.run([script], check=True, env={**os.environ, "ROOT": root})

    def sensor_problem(self, version: str, config: str) -> Message | None:
        return Message("The sensor is silent.") if self.new == "no sensor" else None

    def running(self) -> list[str]:
        return [UNIT]

    def ask(self, version: str, *arguments: str) -> str:
        if arguments[0] == "config":
            return ""
        if self.new == "no proof":
            raise NotUpgraded("upgrade.program-says", version=version, said="No.")
        _, _, copy, _, config = arguments
        with program(version, self.alters):
            proof = prove(load_settings(Path(config)), Path(copy))
        return json.dumps({"alters": proof.alters, "entries": proof.entries})

    # What happens on it.

    def _start_daemon(self) -> None:
        """By the program that counts. A press is recorded once it is up."""
        version = self.places.current
        assert version is not None
        self._daemons += 1
        now = later(self._daemons * 60_000)
        here = HostIdentity(board={}, card={})
        fails = self.new if version == NEW else ""
        with program(version, self.alters):
            try:
                with open_or_succeed(self.database, GATE, ZONE, now, here):
                    if fails == "start":
                        return
                    with closing(SqliteStore.open(self.database, GATE, ZONE, now)) as store:
                        append(store, ALIVE)
                        if fails == "alive":
                            return
                        worker = f"{self._daemons:03}"
                        append(store, punch(worker))
                        self.presses.append(worker)
                        if fails == "punch":
                            return
            except EdgeAgentError:
                return
        self.runs = version

    def ask_for_upgrade(self) -> None:
        make_room(self.places)
        prepare(self.places, self, NEW, self.config, "en")
        self.steps = 0

    def conduct(self) -> Message | None:
        return Conductor(self.places, self).go_on()

    def boot(self, *, daemon_first: bool) -> None:
        """After a power cut: the gate is started, and what was under way is gone on with."""
        self.cut, self.runs = None, None
        if daemon_first:
            self._start_daemon()
        self.conduct()
        if self.runs is None:
            self._start_daemon()
