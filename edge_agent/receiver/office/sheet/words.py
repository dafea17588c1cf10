"""The words of the sheets: messages ``paper.…``, in the language in which a sheet is asked for."""

from datetime import date
from typing import Literal

from ....contract.language import Message, is_name, said

Language = Literal["vi", "en"]


class Words:
    """The words in one language: ``words("note")`` is the message ``paper.note``."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, name: str, /, **fields: object) -> str:
        return self.of(Message(f"paper.{name}", **fields))

    def of(self, message: Message) -> str:
        """A message that belongs to no sheet alone."""
        return said(message, self.language)

    def has(self, name: str) -> bool:
        """Whether there is a text of this name."""
        return is_name(f"paper.{name}")

    def weekday(self, day: date) -> str:
        """In two letters."""
        return self(f"weekday_{day.weekday()}")

    def why(self, reason: str) -> str:
        """A sentence on what is doubtful."""
        name = f"why_{reason}"
        return self(name) if self.has(name) else self("why_other", why=reason)
