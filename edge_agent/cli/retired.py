"""What is otherwise at a gate out of service: nothing that would change it is asked about."""

from contextlib import closing
from pathlib import Path

from ..contract.errors import BadRequest, StoreFault
from ..gate.errors import NotUpToDate
from ..gate.settings.schema import Settings


def is_retired(settings: Settings) -> bool:
    """Whether the gate is out of service, as far as this user may look."""
    from ..gate.daemon.assembly import Assembly  # Only here: most commands ask the daemon.

    try:
        with closing(Assembly(settings).store_for_reading()) as store:
            return store.retired
    except NotUpToDate as fault:
        return fault.retired
    except (StoreFault, PermissionError):
        return False


def refuse_retired(settings: Settings) -> None:
    """Raise BadRequest where nothing is changed any more: before somebody is asked in vain."""
    from ..gate.control.client import daemon_runs  # Only here, as above.

    if not daemon_runs(Path(settings.control.socket)) and is_retired(settings):
        raise BadRequest("retire.retired")
