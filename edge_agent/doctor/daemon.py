"""Whether the daemon runs, and how it gets on with the broker."""

from ..control.client import ask_status, daemon_runs
from .findings import State, Verdict, passed_on
from .sentences import daemon as say
from .visit import Visit


def daemon(visit: Visit, own_version: str) -> Verdict:
    """Ask it for its status, which tells later checks what only the daemon can know."""
    socket = visit.assembly.control_socket
    if not daemon_runs(socket):
        return say.DAEMON_STOPPED()
    visit.status = ask_status(socket)
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
        return passed_on(State.WARN, way["problem"])
    return say.UPLINK_GOOD() if way["state"] == "connected" else say.UPLINK_STARTING()
