"""What can be said whatever is looked at, and of the settings."""

from ..findings import Sentence, State

OK, FAIL = State.OK, State.FAIL

TOO_SLOW = Sentence(
    FAIL,
    "This did not come to an end within {seconds:g} s",
    "look at what it depends on: the disk (dmesg), the network, the daemon's log",
)
UNEXPECTED = Sentence(
    FAIL,
    "This check failed itself, with {kind}: {error}",
    "please report this as a bug, with this line",
)

SETTINGS_GOOD = Sentence(OK, "The settings in {path} are complete")
SETTINGS_BAD = Sentence(
    FAIL,
    "The settings in {path} cannot be used. {problems}",
    "mend them first: without them nothing of the gate was looked at, only the machine",
)
