"""Whether the daemon runs, and how it gets on with the broker."""

from ..control.client import ask, daemon_runs
from ..domain.requests import Status
from . import sentences as say
from .findings import Verdict
from .visit import Visit


def daemon(visit: Visit, own_version: str) -> Verdict:
    """Ask it for its status, which tells later checks what only the daemon can know."""
    socket = visit.assembly.control_socket
    if not daemon_runs(socket):
        return say.DAEMON_STOPPED()
    visit.status = ask(socket, Status(), lambda step: None)
    version = visit.status["version"]
    if version != own_version:
        return say.DAEMON_OF_OTHER_VERSION(version=version, own=own_version)
    return say.DAEMON_RUNS(version=version)


def uplink(visit: Visit) -> Verdict | None:
    """What the daemon says of its connection."""
    if visit.status is None:
        return None
    way = visit.status["uplink"]
    if way["problem"]:
        return say.passed_on(say.WARN, way["problem"])
    return say.UPLINK_GOOD() if way["state"] == "connected" else say.UPLINK_STARTING()
