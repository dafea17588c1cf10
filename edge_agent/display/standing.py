"""How the gate is, as far as whoever stands before it should know, and in which words."""

from typing import Any, Literal

from msgspec import Struct

from ..gate.settings.schema import DisplaySettings
from .cards import whom_to_call
from .words import words


class Notice(Struct, frozen=True):
    """``stop``: nobody is recorded. ``wait``: soon. ``calm``: presses are safe as always."""

    tone: Literal["stop", "wait", "calm"]
    text: str
    more: str = ""


class Gate(Struct, tag="gate", tag_field="kind", frozen=True, kw_only=True):
    """All notices, the gravest first; and whether the time of day may be believed."""

    notices: list[Notice]
    clock_trusted: bool


class Standing(Struct, kw_only=True):
    """What the daemon has said last. ``answers`` None: it has not been asked long enough yet."""

    answers: bool | None = None
    sensor: str = "starting"
    store: str = "ready"
    awaiting: str | None = None
    offline: bool = False
    clock_trusted: bool = True
    glass_dirty: bool = False

    def learn(self, status: dict[str, Any]) -> None:
        """Take over what ``status`` says."""
        self.answers = True
        self.sensor = status["sensor"]["state"]
        self.store = status["store"]["state"]
        self.awaiting = status["awaiting"]
        self.offline = status["uplink"]["state"] != "connected"
        self.clock_trusted = status["clock"]["state"] != "unsynced"
        self.glass_dirty = status["sensor"].get("glass_dirty", False)

    def heed(self, event: dict[str, Any]) -> bool:
        """Take over what an event says; whether it was about any of this."""
        match event["event"]:
            case "sensor":
                self.sensor = event["state"]
            case "store":
                self.store = event["state"]
            case "awaiting":
                self.awaiting = event["request"]
            case "uplink":
                self.offline = event["state"] != "connected"
            case "glass":
                self.glass_dirty = event["dirty"]
            case "clock":
                self.clock_trusted = event["trusted"]
            case _:
                return False
        return True

    def told(self, settings: DisplaySettings) -> Gate:
        """In the words of the screen."""
        return Gate(notices=list(self._notices(settings)), clock_trusted=self.clock_trusted)

    def _notices(self, settings: DisplaySettings) -> list[Notice]:
        say = settings.language
        nobody = words("nobody-recorded", say, call=whom_to_call(settings))
        if self.answers is None:
            return [Notice("wait", words("connecting", say))]
        if not self.answers:
            return [Notice("stop", words("gate-away", say), nobody)]
        found = []
        if self.store == "failing":
            found.append(Notice("stop", words("store-failing", say), nobody))
        if self.sensor == "starting":
            found.append(Notice("wait", words("sensor-starting", say)))
        elif self.sensor != "ready":
            found.append(Notice("stop", words("sensor-away", say), nobody))
        if self.awaiting is not None:
            busy = "busy-enroll" if self.awaiting == "enroll" else "busy"
            found.append(Notice("wait", words(busy, say), words("please-wait", say)))
        if self.store == "reserve":
            found.append(Notice("calm", words("store-reserve", say)))
        if not self.clock_trusted:
            found.append(Notice("calm", words("clock", say)))
        if self.offline:
            found.append(Notice("calm", words("offline", say)))
        if self.glass_dirty:  # The last: a card shows the first one, and this worries nobody.
            found.append(Notice("calm", words("glass-dirty", say)))
        return sorted(found, key=lambda notice: ("stop", "wait", "calm").index(notice.tone))
