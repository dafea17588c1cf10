"""What is typed for the daemon of this machine: a service, or one that was started by hand."""

from collections.abc import Iterable
from pathlib import Path
from shlex import quote

from ...contract.language import Message

_UNIT = "edge-agent.service"
_UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


def is_service() -> bool:
    """Whether a service manager starts the daemon on this machine."""
    return any(Path(folder, _UNIT).exists() for folder in _UNITS)


def starting(*, for_good: bool = False) -> str:
    """``for_good``: after each boot as well."""
    if not is_service():
        return "edge-agent run"
    return f"sudo systemctl {'enable --now' if for_good else 'start'} edge-agent"


def stopping(*, for_good: bool = False) -> str | Message:
    """``for_good``: so that no boot starts it again."""
    if not is_service():
        return Message("host.stop-by-hand")
    return f"sudo systemctl {'disable --now' if for_good else 'stop'} edge-agent"


def restarting() -> str | Message:
    return "sudo systemctl restart edge-agent" if is_service() else Message("host.restart-by-hand")


def reloading() -> str | None:
    """None where no service manager can tell the daemon: what is started by hand is restarted."""
    return "sudo systemctl reload edge-agent" if is_service() else None


def taking_away(gate: str, files: Iterable[Path]) -> str:
    """Of databases that were set aside in one folder, each with what lies beside it: copied first,
    then removed.

    Into a new folder of the stick, for after the next damage the files are called the same again;
    and not where no stick is mounted. The shell that looks for what lies beside must be root's, for
    nobody else may look there.
    """
    old = list(files)
    there = " ".join(f"{quote(one.name)}*" for one in old)
    steps = (
        f"cd {quote(str(old[0].parent))}",
        "mountpoint /media/stick",
        f"d=/media/stick/{quote(gate)}-$(date +%F-%H%M%S)",
        "mkdir $d",
        f"cp {there} $d",
        "sync",
        f"rm {there}",
    )
    return f"sudo sh -c {quote(' && '.join(steps))}"


def copying() -> str | Message:
    """Of the ledger, from now on; by hand once."""
    if not is_service():
        return Message("host.copy-by-hand")
    return "sudo systemctl enable --now edge-agent-backup.timer"


def copying_again() -> str | Message:
    """The same, at once, where it is done again and again."""
    return "sudo systemctl start edge-agent-backup" if is_service() else copying()
