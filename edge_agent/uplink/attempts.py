"""When to connect next, and with which version of MQTT. Pure."""

import random
from collections.abc import Sequence
from math import inf

from ..ports import MqttVersion

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 120.0
STABLE_S = 60.0
"""A connection that held for so long was a good one: the pauses begin anew."""


class Attempts:
    """Goes through ``versions`` in order, then pauses for longer and longer.

    Every round begins with the first version again: a broker that only seemed not to speak it is
    given another chance. Moments are seconds of one monotonic clock.
    """

    def __init__(self, versions: Sequence[MqttVersion]) -> None:
        self._versions = tuple(versions)
        self._tried = 0
        self._pause_s = FIRST_PAUSE_S
        self._up_since = inf
        self.due = -inf
        """When to connect next."""

    @property
    def version(self) -> MqttVersion:
        """The version to connect with next."""
        return self._versions[self._tried]

    def up(self, now: float) -> None:
        """The broker accepted us. One that has spoken 5 is never asked for less."""
        self._up_since = now
        if self.version == "5":
            self._versions = ("5",)

    def down(self, now: float, *, other_version: bool) -> bool:
        """An attempt failed or a connection ended; ``other_version``: another version may help.

        Whether this was the round's last try, so that there is no connection for now.
        """
        if now - self._up_since >= STABLE_S:
            self._pause_s = FIRST_PAUSE_S
        self._up_since = inf
        if other_version and self._tried + 1 < len(self._versions):
            self._tried += 1
            self.due = now
            return False
        self._tried = 0
        # Jitter: all gates of a site come back at once when its line does.
        self.due = now + self._pause_s * random.uniform(0.5, 1.0)
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return True
