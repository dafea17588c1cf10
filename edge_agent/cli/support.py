"""``edge-agent support``: what somebody needs who helps from afar, in one file, of nobody."""

import json
import os
import platform
import pwd
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from .. import __version__
from ..contract.atomic_file import new_private_file
from ..contract.errors import EdgeAgentError
from ..contract.language import ENGLISH, VIETNAMESE, Message, said, say
from ..gate.daemon.assembly import Assembly
from ..gate.doctor.checks import examine
from ..gate.doctor.machine import Machine
from ..gate.errors import BadSettings
from ..gate.ledger.store import people_snapshot
from ..gate.settings.load import load_settings
from ..gate.settings.schema import Settings
from .help import command
from .options import FilePath, as_json, config_option, refuse_unless_permitted
from .show import print_json
from .status import asked
from .support_scrub import Scrub
from .tell import tell

_OF_PEOPLE = ("last_punch", "awaiting_worker")
"""Of the status."""

_PEOPLE_BEGIN = 1000
"""Numbers of users, as Debian gives them out; those below are programs'."""
_NOBODY = 65534

_LINES = 2000
_UNITS = ("edge-agent", "edge-agent-display", "edge-agent-backup", "edge-agent-metrics")

_LIBRARIES = ("msgspec", "paho-mqtt", "pyfingerprint", "pyserial", "sqlite-utils", "pyrage")


@command(help="help.support")
# Not with_settings: a gate whose settings cannot be used needs help most of all.
@config_option
@click.argument("file", type=FilePath(path_type=Path, dir_okay=False))
@click.option("--journal", is_flag=True, help="help.support-journal")
@as_json
def support(config: Path, file: Path, journal: bool, as_json: bool) -> None:
    settings: Settings | None = None
    problem: BadSettings | None = None
    try:
        settings = load_settings(config)
    except BadSettings as bad:
        problem = bad
    else:
        refuse_unless_permitted(settings)
    scrub = _scrub(settings)
    parts = dict(_parts(config, settings, problem, scrub, journal))
    for name, text in parts.items():
        if scrub.found_in(text):
            raise EdgeAgentError("support.somebody-in-it", part=name)
    with (
        new_private_file(file) as target,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for name, text in parts.items():
            out.writestr(name, text)
    if as_json:
        print_json({"file": str(file), "parts": {name: len(text) for name, text in parts.items()}})
        return
    for name, text in parts.items():
        tell(f"  {name:<14} {len(text):>8}  {say(_what(name))}", indent=" " * 6)
    tell(say("support.written", file=file))


def _parts(
    config: Path,
    settings: Settings | None,
    problem: BadSettings | None,
    scrub: Scrub,
    journal: bool,
) -> Iterator[tuple[str, str]]:
    """Name and text of each file in the bundle, nobody in them."""
    names = ["settings.json", "doctor.json", "versions.json", "sizes.json"]
    names += ["status.json"] * (settings is not None) + ["journal.txt"] * journal
    yield "README.txt", _readme(names)
    if settings is not None:
        yield "settings.json", _json(scrub.tree(_settings(settings)))
        yield "status.json", _json(scrub.tree(_status(settings)))
    else:
        # Where each problem is. What it is quotes the file.
        places = [one.split(":")[0] for one in problem.problems] if problem else []
        yield "settings.json", _json({"problems": scrub.tree(places)})
    yield "doctor.json", _json(scrub.tree(to_builtins(list(examine(config, Machine())))))
    yield "versions.json", _json(scrub.tree(_versions()))
    yield "sizes.json", _json(_sizes(settings))
    if journal:
        yield "journal.txt", scrub.text(_journal())


def _what(name: str) -> str:
    return f"support.{name.replace('.', '-').lower()}"


def _readme(names: list[str]) -> str:
    told = []
    # Of the technician who sends it first: who helps may speak either.
    for language in (VIETNAMESE, ENGLISH):
        told.append(said(Message("support.readme"), language))
        told += [f"  {name:<14} {said(Message(_what(name)), language)}" for name in names]
        told.append("")
    return "\n".join(told)


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _settings(settings: Settings) -> dict[str, Any]:
    """All of them; no password stands there. Whom to call is a person."""
    told: dict[str, Any] = to_builtins(settings)
    told["display"]["call"] = bool(settings.display.call)
    return told


def _status(settings: Settings) -> dict[str, Any]:
    try:
        told = asked(settings)
    except EdgeAgentError as error:
        return {"error": type(error).__name__}
    if "sensor" in told:  # A gate that was never started tells of none.
        told["sensor"] = {key: value for key, value in told["sensor"].items() if key != "worn"}
    return {key: value for key, value in told.items() if key not in _OF_PEOPLE}


def _versions() -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    libraries = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            libraries[name] = version(name)
    machine = Machine()
    return {
        "edge-agent": __version__,
        "python": sys.version,
        "libraries": libraries,
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "system": machine.text("/etc/os-release"),
        "board": machine.text("/proc/device-tree/model"),
    }


def _sizes(settings: Settings | None) -> dict[str, Any]:
    if settings is None:
        return {}
    database = Path(settings.store.path)
    files: dict[str, int] = {}
    others = {"count": 0, "bytes": 0}
    disk = None
    with suppress(OSError):
        for one in sorted(database.parent.iterdir()):
            if one.name.startswith(database.name):
                files[one.name] = one.stat().st_size
            else:  # A paper that was made for a worker has the code in its name.
                others["count"] += 1
                others["bytes"] += one.stat().st_size
        found = os.statvfs(database.parent)
        disk = {"bytes": found.f_blocks * found.f_frsize, "free": found.f_bavail * found.f_frsize}
    return {"files": files, "others": others, "disk": disk}


def _journal() -> str:
    """The end of the log, as far as this user may read it."""
    units = [f"--unit={unit}" for unit in _UNITS]
    line = (
        "journalctl",
        *units,
        f"--lines={_LINES}",
        "--output=short-iso",
        "--no-pager",
        "--quiet",
    )
    try:
        done = subprocess.run(line, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{type(error).__name__}\n"
    return done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")


def _scrub(settings: Settings | None) -> Scrub:
    names: set[str] = set()
    codes: set[str] = set()
    if settings is not None:
        assembly = Assembly(settings)
        with suppress(EdgeAgentError), closing(assembly.store_for_reading()) as store:
            names, codes = store.all_names(), {worker.code for worker in store.workers()}
        if (kept := people_snapshot.read(assembly.database)) is not None:
            # For the day on which the database does not open.
            names |= {row["name"] for row in kept.rows.get("workers", ())}
            codes |= {row["code"] for row in kept.rows.get("workers", ())}
        names |= {settings.display.call} - {""}
    people = (user for user in pwd.getpwall() if _PEOPLE_BEGIN <= user.pw_uid < _NOBODY)
    users = {word for user in people for word in (user.pw_name, user.pw_gecos.split(",")[0])}
    return Scrub(names, codes, users - {""})
