"""How a gate is told which way workers pass: the words of its settings."""

from enum import StrEnum

from msgspec import Struct


class DirectionRule(StrEnum):
    """How the gate comes to know which way a worker passes: the setting ``[punch] direction``."""

    NONE = "none"
    IN = "in"
    OUT = "out"
    ALTERNATE = "alternate"
    KEYS = "keys"


class KeyDefault(StrEnum):
    """What stands where a worker presses no key: the setting ``[punch] without_key``."""

    NONE = "none"
    ALTERNATE = "alternate"
    HOURS = "hours"


class Hours(Struct, frozen=True):
    """From ``begin`` until before ``end``, minutes of the day; over midnight too."""

    begin: int
    end: int

    @classmethod
    def read(cls, text: str) -> "Hours":
        """What ``05:00-10:00`` says."""
        begin, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
        return cls(begin, end)

    def hold(self, minute: int) -> bool:
        """Whether a minute of the day lies within."""
        if self.begin <= self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end
