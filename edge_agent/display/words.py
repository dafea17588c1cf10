"""The words of the screen: those of the catalogue ``screen``, in the language that it is set to."""

from typing import Literal

from ..contract.language import Message, said

Language = Literal["vi", "en"]


def words(name: str, language: Language, **fields: object) -> str:
    """The words of the message ``screen.NAME``."""
    return said(Message(f"screen.{name}", **fields), language)
