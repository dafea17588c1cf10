"""What an upgrade has a machine with systemd do, and what it asks the programs of both versions."""

import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ...contract.language import Message, because
from ..errors import NotUpgraded
from .places import Places

_UNIT = "edge-agent-upgrade.service"

_ANSWERS_WITHIN_S = 900
"""A large ledger on a slow card is read in minutes."""

_LAID_OUT_WITHIN_S = 3600
"""An emulated Pi beside other work had not installed the packages after a quarter of an hour; the
gate records on meanwhile."""

_SENSOR_WITHIN_S = 60
"""A gate that stands still for it."""

_UP_WITHIN_S = 180
"""To alter the tables of a large ledger takes a Pi a minute."""

_STAYS_UP_S = 10
_MOST_ENDS = 3
_LOOK_S = 0.5

_LAST_WORDS = re.compile(r"^edge-agent: ", re.MULTILINE)


class SystemMachine:
    """This machine. ``language``: in which the programs tell what is the matter."""

    def __init__(self, places: Places, language: str) -> None:
        self._places = places
        self._language = language

    def running(self) -> list[str]:
        """The units of the gates that run, or try to."""
        listed = _systemctl(
            "list-units",
            "--state=active,activating",
            "--plain",
            "--no-legend",
            "edge-agent.service",
            "edge-agent@*.service",
        )
        return [line.split()[0] for line in listed.splitlines()]

    def stop(self, units: Sequence[str]) -> None:
        """Have services end, and wait for it."""
        if units:
            _systemctl("stop", *units)

    def start(self, units: Sequence[str]) -> None:
        """Have services begin."""
        if units:
            _systemctl("reset-failed", *units)  # Its ends are counted from here.
            _systemctl("start", "--no-block", *units)

    def not_up(self, units: Sequence[str]) -> Message | None:
        """Wait until services are up, and stay so for a while; why they are not."""
        began = time.monotonic()
        ends, up_since = [0] * len(units), began
        while True:
            now = time.monotonic()
            ended = [int(number) for number in _told("NRestarts", units)]
            up = all(state == "active" for state in _told("ActiveState", units))
            if ended != ends or not up:
                ends, up_since = ended, now
            if up and now - up_since >= _STAYS_UP_S:
                return None
            if any(times >= _MOST_ENDS for times in ends):
                return Message("upgrade.ends", times=_MOST_ENDS)
            if now - began >= _UP_WITHIN_S:
                return Message("upgrade.not-up", seconds=_UP_WITHIN_S)
            time.sleep(_LOOK_S)

    def conduct(self) -> None:
        """Have the service conduct what is under way, and wait for it.

        Not this process: it ends with the line by which somebody has logged in.
        """
        subprocess.run(["systemctl", "start", _UNIT], check=False)

    def lay_out(self, sources: Path) -> str:
        """Lay out the program in a bundle beside the others; the version's name.

        Raises NotUpgraded.
        """
        stage = str(sources / "systemd/packaging/stage.sh")
        done = self._done([stage, "local"], _LAID_OUT_WITHIN_S)
        if done.returncode:
            raise NotUpgraded("upgrade.not-laid-out", said=done.stderr.strip()[-400:])
        return done.stdout.strip()

    def settle(self, version: str) -> None:
        """Make it the version that counts. Raises NotUpgraded."""
        done = self._done([str(self._places.folder(version) / "settle.sh")])
        if done.returncode:
            raise NotUpgraded("upgrade.not-settled", said=done.stderr.strip()[-400:])

    def ask(self, version: str, *arguments: str, within_s: float = _ANSWERS_WITHIN_S) -> str:
        """What a version prints. Raises NotUpgraded, with its last words."""
        program = str(self._places.program(version))
        done = self._done([program, "--lang", self._language, *arguments], within_s)
        if done.returncode:
            *_, last = _LAST_WORDS.split(done.stderr)
            raise NotUpgraded("upgrade.program-says", version=version, said=last.strip()[-400:])
        return done.stdout

    def sensor_problem(self, version: str, config: str) -> Message | None:
        """Why a version does not come by the sensor of a gate that is stopped."""
        try:
            asked = ("upgrade", "--ask-sensor", "--config", config)
            self.ask(version, *asked, within_s=_SENSOR_WITHIN_S)
        except NotUpgraded as why:
            return why.message
        return None

    def _done(
        self, command: list[str], within_s: float = _ANSWERS_WITHIN_S
    ) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=within_s,
                check=False,
                cwd="/",
                env={"PATH": os.defpath + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"},
            )
        except OSError as error:
            raise NotUpgraded(
                "upgrade.does-not-run", file=command[0], why=because(error)
            ) from error
        except subprocess.TimeoutExpired as error:
            raise NotUpgraded("upgrade.no-answer", file=command[0]) from error


def _told(what: str, units: Sequence[str]) -> list[str]:
    return [_systemctl("show", "-p", what, "--value", unit).strip() for unit in units]


def _systemctl(*arguments: str) -> str:
    done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)
    return done.stdout
